/** Processes whose clocks are a minute apart: every wait is as long as it should be. */
import { assert, assertEquals } from "@std/assert";
import { type Settings, until } from "../contract/harness.ts";
import {
  answerLease,
  assertProblem,
  drain,
  giveBack,
  lease,
  openLink,
  untilAway,
} from "../contract/joiner.ts";
import { comeBack, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { at } from "./at.ts";
import type { Process } from "./process.ts";
import { type DenokvStage, onDenokv } from "./stage.ts";

const LEASE = 1_500;
const GRACE = 1_500;

/** One process a minute early, one right, one a minute late. */
function startSkewed({ start }: DenokvStage, settings: Settings = {}) {
  const startOne = (SKEW: string) =>
    start({ ...settings, SKEW }, ["run", "-A", "tests/cluster/skewed_main.ts"]);
  return Promise.all([startOne("-60000"), startOne("0"), startOne("60000")]);
}

/** Every order in which three processes can grant, take over and hold the socket. */
const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

testTogether("With clocks a minute apart", {
  "joins work, whoever holds, grants and takes": onDenokv(async (stage) => {
    const servers = await startSkewed(stage);
    await Promise.all(ORDERS.map(async (order) => {
      const [holder, granter, other] = order.map((i) => servers[i]);
      await using session = await startSession(holder);
      const [one, two, three] = await drain(at(granter, session));
      assertEquals((await openLink(at(other, session))).status, 503);
      assertEquals((await answerLease(at(other, session), one, "1")).status, 202);
      assertEquals((await answerLease(at(granter, session), two, "2")).status, 202);
      assertEquals((await giveBack(at(other, session), three)).status, 204);
      assertEquals((await lease(at(other, session))).offer, three.offer);
      assertEquals((await session.primary.answers(2)).length, 2);

      await session.primary.close();
      await untilAway(at(other, session), one.offer, "1");
      await using back = await comeBack(at(granter, session), ["new"]);
      assertEquals((await back.answers(2)).length, 2, "they were not confirmed");
      assertEquals((await lease(at(other, session))).offer, "new");
    }));
  }),

  "a lease ends after its time everywhere, and no sooner": onDenokv(async (stage) => {
    const servers = await startSkewed(stage, { LEASE_SECONDS: String(LEASE / 1_000) });
    await Promise.all(ORDERS.map(async (order) => {
      const [holder, granter, other] = order.map((i) => servers[i]);
      await using session = await startSession(holder, { offers: ["only"] });
      const since = performance.now();
      const mine = await lease(at(granter, session));
      const took = await untilLeased(servers, session) - since;
      assert(took >= LEASE, `the offer was in two hands after ${took} ms`);
      assertProblem(await answerLease(at(other, session), mine, "late"), "offer-unavailable");
    }));
  }),

  "a session ends after its grace everywhere, and no sooner": onDenokv(async (stage) => {
    const servers = await startSkewed(stage, { GRACE_SECONDS: String(GRACE / 1_000) });
    await Promise.all(servers.map(async (holder) => {
      await using left = await startSession(holder);
      const since = performance.now();
      await left.primary.close();
      const ends = await Promise.all(servers.map((server) => untilEnded(server, left)));
      assert(Math.min(...ends) - since >= GRACE, "it ended early");
    }));
  }),
});

/** Asks all `servers` for an offer until one of them, and no other, gives it. @returns when it did. */
async function untilLeased(servers: Process[], session: { id: string; key: string }) {
  const statuses = await until(
    "the offer to be free again",
    async () => {
      const replies = await Promise.all(servers.map((server) => openLink(at(server, session))));
      return replies.map(({ status }) => status).toSorted();
    },
    ([first]) => first === 200,
    30_000,
  );
  assertEquals(statuses, [200, 503, 503]);
  return performance.now();
}

async function untilEnded(server: Process, session: { id: string; key: string }) {
  await until(
    "the session to end",
    () => openLink(at(server, session), { "sec-purpose": "prefetch" }),
    ({ status }) => status === 410,
    30_000,
  );
  return performance.now();
}
