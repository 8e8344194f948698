/** Processes that end by SIGKILL, or stand still, at the worst moment. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import {
  answerLease,
  ask,
  assertProblem,
  drain,
  lease,
  openLink,
  untilStatus,
} from "../contract/joiner.ts";
import { comeBack, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { at } from "./at.ts";
import { layLine } from "./line.ts";
import { onDenokv } from "./stage.ts";

testTogether("What ends or stands still at the worst moment", {
  "The process with the socket dies between the POST and the delivery: the answer waits": onDenokv(
    async ({ startSeveral }) => {
      const [a, b, c] = await startSeveral(3);
      await using session = await startSession(a);
      const [first, second, third, fourth] = await drain(at(b, session));
      await session.primary.status(4, 4);
      a.pause();
      assertEquals((await answerLease(at(b, session), first, "1")).status, 202);
      assertEquals((await answerLease(at(c, session), second, "2")).status, 202);
      await a.kill();
      assertEquals((await answerLease(at(c, session), third, "3")).status, 202);
      assertEquals(session.primary.frames.filter(({ type }) => type === "answers"), []);

      await using back = await comeBack(at(c, session), [fourth.offer, "new"]);
      const answers = (await back.answers(3)).map(({ offer, answer }) => [offer, answer]);
      assertEquals(
        answers.toSorted(),
        [[first.offer, "1"], [second.offer, "2"], [third.offer, "3"]].toSorted(),
      );
      assertEquals((await answerLease(at(b, session), fourth, "4")).status, 202);
      assertEquals((await back.answers(1))[0].answer, "4");
      await back.status(5, 4);
    },
  ),

  "The process that took the answer dies right after its 202: the primary gets it": onDenokv(
    async ({ startSeveral }) => {
      const [a, b] = await startSeveral(2);
      await using session = await startSession(a);
      const mine = await lease(at(b, session));
      a.pause();
      assertEquals((await answerLease(at(b, session), mine, "x")).status, 202);
      await b.kill();
      a.resume();
      assertEquals((await session.primary.answers(1))[0].answer, "x");
    },
  ),

  "The process that granted the lease dies: its joiner answers elsewhere": onDenokv(
    async ({ startSeveral }) => {
      const [a, b, c] = await startSeveral(3);
      await using session = await startSession(a);
      const mine = await lease(at(b, session));
      await b.kill();
      const others = await drain(at(c, session));
      assertEquals([mine, ...others].map(({ offer }) => offer).toSorted(), session.offers);
      assertEquals((await answerLease(at(c, session), mine, "x")).status, 202);
      assertEquals((await session.primary.answers(1))[0].offer, mine.offer);
    },
  ),

  "The process that granted the lease dies, its joiner leaves: the lease ends, not before its time":
    onDenokv(async ({ startSeveral }) => {
      const [a, b, c] = await startSeveral(3, { LEASE_SECONDS: "1" });
      await using session = await startSession(a, { offers: ["only"] });
      await session.primary.status(1, 0);
      const mine = await lease(at(b, session));
      await b.kill();
      await session.primary.status(1, 1);
      await session.primary.status(1, 0);
      assert(Date.now() >= mine.leaseExpiresAt);
      assertEquals((await lease(at(c, session))).offer, "only");
      assertProblem(await answerLease(at(a, session), mine, "late"), "offer-unavailable");
    }),

  "A process that dies with two hundred requests in its hands loses nothing it said yes to":
    onDenokv(async ({ startSeveral }) => {
      const [a, b, c] = await startSeveral(3);
      const offers = Array.from({ length: 16 }, (_, i) => `offer ${i}`);
      await using session = await startSession(a, { offers });
      const accepted: string[] = [];
      const join = async (i: number) => {
        const server = i % 2 ? b : c;
        const reply = await openLink(at(server, session));
        if (reply.status !== 200) return;
        const mine = JSON.parse(reply.text);
        const answer = `to ${mine.offer}`;
        if ((await answerLease(at(server, session), mine, answer)).status !== 202) return;
        accepted.push(answer);
        if (accepted.length === 4) await b.kill();
      };
      await Promise.all(
        Array.from({ length: 200 }, (_, i) => join(i).catch(() => {/* B is dead. */})),
      );
      const delivered = await session.primary.answers(accepted.length);
      for (const { offer, answer } of delivered) assertEquals(answer, `to ${offer}`);
      await until(
        "every accepted answer to be delivered",
        () => Promise.resolve(session.primary.frames.flatMap(readAnswers)),
        (answers) => accepted.every((answer) => answers.includes(answer)),
      );
    }),

  "A primary whose line is dead comes back while its old socket still looks alive": onDenokv(
    async ({ startSeveral }) => {
      const [a, b, c] = await startSeveral(3);
      await using line = layLine(a.origin);
      await using session = await startSession({ ...a, origin: line.origin });
      const [first, second, ...rest] = await drain(at(b, session));
      line.stall();
      const reply = await answerLease(at(b, session), first, "into the void");
      assertEquals([reply.status, JSON.parse(reply.text).primary], [202, "here"]);

      await using back = await comeBack(at(c, session), rest.map(({ offer }) => offer));
      assertEquals((await back.answers(1))[0].answer, "into the void");
      assertProblem(await answerLease(at(b, session), second, "dropped"), "offer-unavailable");
      assertEquals((await answerLease(at(a, session), rest[0], "after")).status, 202);
      assertEquals((await back.answers(1))[0].answer, "after");
      await using again = await comeBack(at(a, session), ["new"]);
      assertEquals((await back.closed()).code, 4001);
      line.resume();
      assertEquals((await session.primary.closed()).code, 4001, "the oldest learns it, too");
      await again.send({ type: "end" });
      await untilStatus(at(b, session), 410);
    },
  ),

  "A socket that was closed before it was welcome takes the session from no other": onDenokv(
    async ({ denokv, start }) => {
      await using line = layLine(denokv.settings.DENO_KV_PATH);
      const [a, b] = await Promise.all([start(), start({ DENO_KV_PATH: line.origin })]);
      await using session = await startSession(a);
      line.stall();
      const before = line.waiting;
      const ghost = await comeBack(at(b, session), ["ghost's"]);
      await until(
        "the first frame to reach the store",
        () => Promise.resolve(line.waiting),
        (waiting) => waiting > before,
      );
      await ghost.close();
      line.resume();
      await until(
        "the server to see the store again",
        () => ask(`${b.origin}/healthz`),
        ({ status }) => status === 200,
      );
      const mine = await lease(at(b, session));
      assert(session.offers.includes(mine.offer));
      const reply = await answerLease(at(b, session), mine, "x");
      assertEquals([reply.status, JSON.parse(reply.text).primary], [202, "here"]);
      assertEquals((await session.primary.answers(1))[0].answer, "x");
      assertEquals(ghost.frames, []);
    },
  ),
});

function readAnswers(frame: { type: string }): string[] {
  const { type, connections } = frame as { type: string; connections: { answer: string }[] };
  return type === "answers" ? connections.map(({ answer }) => answer) : [];
}
