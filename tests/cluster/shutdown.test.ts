/** SIGTERM: the primaries are sent elsewhere, what was begun is finished, and the process is gone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { until } from "../contract/harness.ts";
import { answerLease, ask, drain, type Lease, lease, openLink } from "../contract/joiner.ts";
import { Primary, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { assertEnds, IN_TIME } from "./assert_ends.ts";
import { at } from "./at.ts";
import { layLine } from "./line.ts";
import type { Process } from "./process.ts";
import { onDenokv, onFile } from "./stage.ts";
import { SteadyPrimary } from "./steady_primary.ts";

testTogether("A server that is told to stop", {
  "sends its primaries back and ends, though one is out of reach": onFile(async ({ start }) => {
    const server = await start();
    await using line = layLine(server.origin);
    const sessions = await Promise.all(Array.from({ length: 5 }, () => startSession(server)));
    await using unreachable = await startSession({ ...server, origin: line.origin });
    await using silent = new Primary(server, "a-socket-without-a-frame");
    await silent.opened();
    line.stall();
    await assertEnds(server);
    for (const { primary } of sessions) assertEquals((await primary.closed()).code, 1012);
    await silent.closed();
    line.resume();
    await unreachable.primary.closed();
    await assertRejects(() => ask(server.origin));
  }),

  "leaves its sessions away, not ended": onFile(async ({ start }) => {
    const first = await start();
    await using session = await startSession(first);
    const mine = await lease(session);
    await assertEnds(first);
    const second = await start();
    const reply = await answerLease(at(second, session), mine, "x");
    assertEquals([reply.status, JSON.parse(reply.text).primary], [202, "away"]);
  }),

  "finishes the requests that were begun": onDenokv(
    async ({ denokv, start }) => {
      await using line = layLine(denokv.settings.DENO_KV_PATH);
      const [a, b] = await Promise.all([start(), start({ DENO_KV_PATH: line.origin })]);
      await using session = await startSession(a);
      await using told = await startSession(b);
      const [first, second] = await drain(at(b, session));
      line.stall();
      const before = line.waiting;
      const posts = [
        answerLease(at(b, session), first, "1"),
        answerLease(at(b, session), second, "2"),
        openLink(at(b, told)),
      ];
      await until(
        "the requests to ask the store",
        () => Promise.resolve(line.waiting),
        (waiting) => waiting > before,
      );
      const ended = b.end();
      assertEquals((await told.primary.closed()).code, 1012);
      line.resume();
      assertEquals((await Promise.all(posts)).map(({ status }) => status), [202, 202, 200]);
      const { code, took } = await ended;
      assertEquals(code, 0, b.log);
      assert(took < IN_TIME, `it took ${took} ms`);
      assertEquals((await session.primary.answers(2)).length, 2);
    },
  ),

  "loses no join, one of three after the other under load": onDenokv(
    async ({ startSeveral, start }) => {
      const servers: Process[] = await startSeveral(3);
      const choose = () => servers[Math.floor(Math.random() * servers.length)];
      await using primary = new SteadyPrimary({ choose, size: 8 });
      let isOver = false;
      let joined = 0;
      const joiners = Promise.all(Array.from({ length: 4 }, async (_, i) => {
        for (let n = 0; !isOver; n++) {
          await join(primary.id, choose, `answer ${n} of joiner ${i}`);
          joined++;
        }
      }));
      joiners.catch(() => isOver = true);
      for (let i = 0; i < 3; i++) {
        const enough = joined + 12;
        await until("the load to go on", () => Promise.resolve(joined), (count) => count > enough);
        const old = servers[i];
        const { code, took } = await old.end();
        assertEquals(code, 0, old.log);
        assert(took < IN_TIME, `it took ${took} ms`);
        servers[i] = await start();
      }
      isOver = true;
      await joiners;
      await until(
        "every accepted answer to be delivered",
        () => Promise.resolve(new Set(primary.deliveries.map(({ answer }) => answer)).size),
        (count) => count === joined,
      );
      for (const { offer, answer } of primary.deliveries) {
        assertEquals(answer.split(" to ")[1], offer, "bound to its own offer");
      }
    },
  ),
});

/** Joins as a client does: anywhere, and again where nobody answers. Every other refusal is a fault. */
async function join(id: string, choose: () => Process, name: string): Promise<void> {
  const mine: Lease = await askAnywhere(200, () => openLink({ server: choose(), id }));
  const answer = `${name} to ${mine.offer}`;
  await askAnywhere(202, () => answerLease({ server: choose(), id }, mine, answer));
}

async function askAnywhere(wanted: number, request: () => ReturnType<typeof ask>) {
  const reply = await until(
    `a ${wanted}`,
    () => request().catch(() => null),
    // No session yet, or no offer just now, or nobody there.
    (reply) => reply !== null && ![404, 503].includes(reply.status),
  );
  assertEquals(reply!.status, wanted, reply!.text);
  return JSON.parse(reply!.text);
}
