/** Several isolates on one embedded database: processes that share a file, workers of one process. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import {
  answerLease,
  ask,
  assertProblem,
  drain,
  type Lease,
  lease,
  openLink,
  post,
} from "../contract/joiner.ts";
import { comeBack, startSession } from "../contract/primary.ts";
import { at } from "./at.ts";
import type { Process } from "./process.ts";
import { type Stage, testOnFile } from "./stage.ts";

const ISOLATES = 3;
/** `deno serve` lets the isolates share the port: a connection goes to any of them. */
const SERVE = [
  "serve",
  "-A",
  "--parallel",
  "--host",
  "127.0.0.1",
  "--port",
  "0",
  "routes/serve.ts",
];
/** What keeps a client's connections apart, so that they meet different isolates. */
const ALONE = { connection: "close" };

/** Starts the workers of one process, and waits until more than one serves. */
async function startWorkers({ start }: Stage): Promise<Process> {
  const server = await start({ DENO_JOBS: String(ISOLATES) }, SERVE);
  await using _session = await startSession(server);
  await until(
    "a worker that does not hold the socket to answer",
    async () => (await ask(`${server.origin}/metrics`, { headers: ALONE })).text,
    (metrics) => metrics.includes("foyer_primaries 0"),
  );
  return server;
}

function listOffers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `offer ${i + 1}`);
}

/** Two hundred joiners at once, each at the next of `servers`. */
async function race(servers: Process[], session: { id: string; key: string }): Promise<string[]> {
  const replies = await Promise.all(
    Array.from(
      { length: 200 },
      (_, i) => openLink(at(servers[i % servers.length], session), ALONE),
    ),
  );
  const [leased, refused] = [200, 503].map((code) =>
    replies.filter(({ status }) => status === code)
  );
  assertEquals(leased.length + refused.length, 200);
  for (const reply of refused) assertProblem(reply, "no-free-offer");
  return leased.map(({ text }) => JSON.parse(text).offer).toSorted();
}

testOnFile("Two processes that start at once on one new file", async ({ startSeveral }) => {
  const [a, b] = await startSeveral(2);
  await using session = await startSession(a);
  assert(session.offers.includes((await lease(at(b, session))).offer));
});

testOnFile(
  "Two hundred joiners at two processes on one file, four offers: four leases, all different",
  async ({ startSeveral }) => {
    const servers = await startSeveral(2);
    for (let round = 0; round < 4; round++) {
      await using session = await startSession(servers[round % 2], { offers: listOffers(4) });
      assertEquals(await race(servers, session), listOffers(4));
    }
  },
);

testOnFile(
  "An answer that another process on the file stored reaches the primary when it comes back",
  async ({ startSeveral }) => {
    const [a, b] = await startSeveral(2);
    await using session = await startSession(a);
    const mine = await lease(at(a, session));
    assertEquals((await answerLease(at(b, session), mine, "by B")).status, 202);
    assertEquals((await answerLease(at(a, session), mine, "by B")).status, 202);
    await using back = await comeBack(at(b, session), ["new"]);
    assertEquals((await back.answers(1))[0].answer, "by B");
  },
);

testOnFile(
  "No client learns that two processes quarrel about the lock of their file",
  async ({ startSeveral }) => {
    const [a, b] = await startSeveral(2);
    const work = async (primaryAt: Process, joinersAt: Process) => {
      await using session = await startSession(primaryAt, { offers: listOffers(16) });
      await session.primary.deposit({ sessionId: session.id, offers: ["more"] });
      const leases = await Promise.all(listOffers(16).map(() => lease(at(joinersAt, session))));
      const [back, ...kept] = leases;
      assertEquals((await giveBack(joinersAt, session.id, back)).status, 204);
      const statuses = await Promise.all(
        kept.map(async (lease) =>
          (await answerLease(at(joinersAt, session), lease, `to ${lease.offer}`)).status
        ),
      );
      assertEquals(new Set(statuses), new Set([202]));
      await using again = await comeBack(at(primaryAt, session), [back.offer, "more"]);
      assertEquals((await again.answers(15)).length, 15);
      await session.primary.closed();
    };
    await Promise.all(Array.from({ length: 6 }, (_, i) => i % 2 ? work(a, b) : work(b, a)));
  },
);

function giveBack(server: Process, sessionId: string, { offer, leaseExpiresAt }: Lease) {
  return post({ server, id: sessionId }, { sessionId, offer, answer: null, leaseExpiresAt });
}

testOnFile(
  "Two hundred joiners at the workers of one process: four leases, all different",
  async (stage) => {
    const server = await startWorkers(stage);
    for (let round = 0; round < 4; round++) {
      await using session = await startSession(server, { offers: listOffers(4) });
      assertEquals(await race([server], session), listOffers(4));
      await session.primary.status(4, 4);
    }
  },
);

testOnFile(
  "Whichever worker takes the answer, the primary gets it, and the counter with it",
  async (stage) => {
    const server = await startWorkers(stage);
    await using session = await startSession(server, { offers: listOffers(16) });
    await Promise.all((await drain(session)).map(async ({ offer, leaseExpiresAt }) => {
      const body = { sessionId: session.id, offer, answer: `to ${offer}`, leaseExpiresAt };
      assertEquals((await post(session, body, undefined, ALONE)).status, 202);
    }));
    for (const { offer, answer } of await session.primary.answers(16)) {
      assertEquals(answer, `to ${offer}`);
    }
    await session.primary.status(16, 16);
  },
);

testOnFile(
  "A primary that comes back to another worker: the old socket closes with 4001",
  async (stage) => {
    const server = await startWorkers(stage);
    await using session = await startSession(server);
    // Sockets one after the other: some of them are sure to meet another worker than the one before.
    let before = session.primary;
    for (let i = 0; i < 8; i++) {
      const back = await comeBack(session, session.offers);
      await back.next("welcome");
      assertEquals((await before.closed()).code, 4001);
      before = back;
    }
    await using _last = before;
    const mine = await lease(session);
    await answerLease(session, mine, "x");
    assertEquals((await before.answers(1))[0].offer, mine.offer);
  },
);

testOnFile(
  "Workers that are told to stop send every primary back and are gone in time",
  async (stage) => {
    const server = await startWorkers(stage);
    const sessions = await Promise.all(Array.from({ length: 6 }, () => startSession(server)));
    const { took } = await server.end();
    assert(took < 5_000, `${took} ms`);
    for (const { primary } of sessions) {
      // Deno is faster than we are: "Going Away".
      assert([1001, 1012].includes((await primary.closed()).code));
    }
  },
);
