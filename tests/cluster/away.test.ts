/** The store is away, or slow: clients are told so in time, and nothing that was accepted is lost. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../contract/harness.ts";
import {
  answerLease,
  ask,
  assertProblem,
  BROWSER,
  drain,
  giveBack,
  type Lease,
  lease,
  openLink,
  type Reply,
  untilStatus,
} from "../contract/joiner.ts";
import { comeBack, Primary, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { assertEnds } from "./assert_ends.ts";
import { at } from "./at.ts";
import { layLine } from "./line.ts";
import type { Process } from "./process.ts";
import { onDenokv } from "./stage.ts";

/** The store's own bound is 4 s, and the machine may be busy. In milliseconds. */
const BOUND = 8_000;

/** A reply in time that says to come back. */
async function assertUnavailable(request: () => Promise<Reply>): Promise<void> {
  const start = performance.now();
  const reply = await request();
  const took = performance.now() - start;
  assertEquals(reply.status, 503, reply.text);
  assert(Number(reply.headers.get("retry-after")) > 0);
  assert(took < BOUND, `it took ${took} ms`);
}

async function refusePrimary(server: Process): Promise<void> {
  const id = makeId();
  await using primary = new Primary(server, id);
  await primary.deposit({ sessionId: id, offers: ["x"] });
  assertEquals((await primary.closed()).code, 1013);
}

async function reportIllness(server: Process): Promise<void> {
  assertEquals((await ask(`${server.origin}/healthz`)).status, 503);
}

async function untilHealthy(server: Process): Promise<void> {
  await until(
    "the server to see the store again",
    () => ask(`${server.origin}/healthz`),
    ({ status }) => status === 200,
  );
}

/** Waits until these answers are among all that came over `primary`, in whatever order. */
async function untilDelivered(primary: Primary, wanted: string[]): Promise<void> {
  await until(
    `${wanted} to be delivered`,
    () => Promise.resolve(primary.frames),
    (frames) => {
      const answers = frames.flatMap((frame) => frame.type === "answers" ? frame.connections : []);
      return wanted.every((text) => answers.some(({ answer }) => answer === text));
    },
  );
}

testTogether("What is away for a while", {
  "denokv is away for ten seconds: everybody is told, and everything goes on after": onDenokv(
    async (
      { denokv, startSeveral },
    ) => {
      const servers = await startSeveral(3);
      const [a, b, c] = servers;
      await using session = await startSession(a, { offers: ["1", "2", "3", "4", "5", "6"] });
      const leases = await drain(at(b, session));
      const [answered, ...held] = leases;
      assertEquals((await answerLease(at(c, session), answered, "before")).status, 202);
      await session.primary.answers(1);

      const since = performance.now();
      await denokv.stop();
      while (performance.now() - since < 10_000) {
        await Promise.all(servers.flatMap((server, i) => {
          const link = at(server, session);
          return [
            () => openLink(link),
            () => openLink(link, { "sec-purpose": "prefetch" }),
            () => openLink(link, { accept: BROWSER }),
            () => answerLease(link, held[i], `answer ${i}`),
            () => giveBack(link, held[3]),
            () => openLink({ server, id: makeId() }),
          ].map(assertUnavailable).concat(refusePrimary(server), reportIllness(server));
        }));
      }
      await denokv.start();
      await Promise.all(servers.map(untilHealthy));

      // Whether its socket outlived that or not, the primary is where it was or comes back.
      const primary = session.primary.isOpen
        ? session.primary
        : await comeBack(at(b, session), held.map(({ offer }) => offer));
      const repliesByThen = await Promise.all(
        servers.map((server, i) => answerLease(at(server, session), held[i], `answer ${i}`)),
      );
      assertEquals(repliesByThen.map(({ status }) => status), [202, 202, 202]);
      await untilDelivered(primary, ["answer 0", "answer 1", "answer 2"]);
      await primary.deposit({ sessionId: session.id, offers: ["7", "8"] });
      await primary.next("status", ({ offers }) => offers === 8);
      const [one, two] = [await lease(at(a, session)), await lease(at(c, session))];
      assert(one.offer !== two.offer);
      assertEquals((await answerLease(at(b, session), one, "after")).status, 202);
      await untilDelivered(primary, ["after"]);
      if (primary !== session.primary) await primary.close();
    },
  ),

  "An answer that the store took after its request was refused reaches the primary, repeated or not":
    onDenokv(async ({ denokv, startSeveral }) => {
      const [a, b] = await startSeveral(2);
      await using repeated = await startSession(a);
      await using forgotten = await startSession(b);
      const mine = await lease(at(a, repeated));
      const theirs = await lease(at(b, forgotten));
      await repeated.primary.status(4, 1);
      await forgotten.primary.status(4, 1);
      await denokv.stop();
      await Promise.all([
        assertUnavailable(() => answerLease(at(a, repeated), mine, "x")),
        assertUnavailable(() => answerLease(at(b, forgotten), theirs, "y")),
      ]);
      await denokv.start();
      await untilHealthy(b);
      assertEquals((await answerLease(at(b, repeated), mine, "x")).status, 202);
      await untilDelivered(repeated.primary, ["x"]);
      await untilDelivered(forgotten.primary, ["y"]);
    }),

  "A server that finds no denokv at its start says so and ends": onDenokv(
    async ({ denokv, start }) => {
      await denokv.stop();
      const { message } = await start().then(
        () => new Error("it started"),
        (error: Error) => error,
      );
      assertMatch(message, /it ended with 1 and wrote: .*Foyer does not start\. DENO_KV_PATH: /s);
    },
  ),

  "A slow store makes everything slow and nothing wrong; one too slow is away": onDenokv(async (
    { denokv, start },
  ) => {
    await using line = layLine(denokv.settings.DENO_KV_PATH);
    const [slow, quick] = await Promise.all([start({ DENO_KV_PATH: line.origin }), start()]);
    await using session = await startSession(slow);
    await session.primary.status(4, 0);
    line.slowDown(150);
    const replies = await Promise.all(Array.from(
      { length: 40 },
      (_, i) => openLink(at(i % 2 ? slow : quick, session)),
    ));
    const leases: Lease[] = replies.filter(({ status }) => status === 200)
      .map(({ text }) => JSON.parse(text));
    assertEquals(leases.map(({ offer }) => offer).toSorted(), session.offers);
    for (const reply of replies.filter(({ status }) => status !== 200)) {
      assertProblem(reply, "no-free-offer");
    }
    await session.primary.status(4, 4);
    const [one, two, three] = leases;
    assertEquals((await answerLease(at(slow, session), one, "1")).status, 202);
    assertEquals((await answerLease(at(quick, session), two, "2")).status, 202);
    await session.primary.answers(2);

    line.stall();
    await Promise.all([
      assertUnavailable(() => openLink(at(slow, session))),
      assertUnavailable(() => answerLease(at(slow, session), three, "3")),
    ]);
    assertEquals((await answerLease(at(quick, session), three, "3")).status, 202);
    line.slowDown(0);
    line.resume();
    await untilHealthy(slow);
    const primary = session.primary.isOpen
      ? session.primary
      : await comeBack(at(slow, session), ["new"]);
    await untilDelivered(primary, ["3"]);
    assertEquals((await answerLease(at(slow, session), three, "3")).status, 202);
    await primary.close();
  }),

  "A process that stands still is taken for dead; its primaries come back when it goes on":
    onDenokv(async (
      { startSeveral },
    ) => {
      const [a, b, c] = await startSeveral(3);
      await using session = await startSession(a);
      const [first, second] = await drain(at(b, session));
      a.pause();
      await until(
        "the others to see that the primary is out of reach",
        () => answerLease(at(c, session), first, "x"),
        ({ status, text }) => status === 202 && JSON.parse(text).primary === "away",
        30_000,
      );
      a.resume();
      assertEquals((await session.primary.closed()).code, 1012);
      await using back = await comeBack(at(a, session), [second.offer]);
      assertEquals((await back.answers(1))[0].answer, "x");
      assertEquals((await answerLease(at(b, session), second, "y")).status, 202);
      await untilDelivered(back, ["y"]);
    }),

  "The session of a process that died ends after the grace, unless its primary comes back":
    onDenokv(async (
      { startSeveral },
    ) => {
      const [a, b, c] = await startSeveral(3, { GRACE_SECONDS: "1" });
      await using left = await startSession(a);
      await using kept = await startSession(a);
      await a.kill();
      await using back = await comeBack(at(b, kept), ["new"]);
      await untilStatus(at(c, left), 410, 30_000);
      await untilStatus(at(b, left), 410);
      assertEquals((await lease(at(c, kept))).offer, "new");
      await back.status(1, 1);
    }),

  "A server that is told to stop while the store is away ends in time": onDenokv(
    async ({ denokv, start }) => {
      const server = await start();
      await using session = await startSession(server);
      await denokv.stop();
      const asked = openLink(session).catch(() => null);
      await assertEnds(server);
      assertEquals((await session.primary.closed()).code, 1012);
      await asked;
    },
  ),
});
