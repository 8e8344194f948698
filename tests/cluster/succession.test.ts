/** A peer takes over, with several processes on one KV Connect server. */
import { assert, assertEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { until } from "../contract/harness.ts";
import { claim, takeOver } from "../contract/heir.ts";
import { answer, answerLease, drain, lease, untilAway } from "../contract/joiner.ts";
import { comeBack, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { at } from "./at.ts";
import { layLine } from "./line.ts";
import { startProcess } from "./process.ts";
import { onDenokv, testOnThree } from "./stage.ts";

testOnThree({
  "Of thirty peers that claim at three processes at once exactly one takes over": async (
    servers,
  ) => {
    for (let round = 0; round < 6; round++) {
      const given = makeId();
      const home = servers[round % 3];
      await using session = await startSession(home, { succession: given, offers: ["old"] });
      const { offer } = await lease(session);
      await answer(session, offer, "x");
      await session.primary.close();
      await untilAway(session, offer, "x");
      const heirs = await Promise.all(
        Array.from(
          { length: 30 },
          (_, i) =>
            claim(at(servers[i % 3], session), { given, succession: makeId(), offers: [`${i}`] }),
        ),
      );
      try {
        const verdicts = await Promise.all(heirs.map((heir) => heir.verdict()));
        const winner = verdicts.indexOf("welcome");
        assertEquals(verdicts.toSpliced(winner, 1), Array(29).fill(4009), `round ${round}`);
        assertEquals((await heirs[winner].answers(1))[0].answer, "x");
        for (const server of servers) {
          const mine = await drain(at(server, session));
          assert(mine.every(({ offer }) => offer === `${winner}`), "only the winner's offers");
        }
        await heirs[winner].status(2, 2);
      } finally {
        for (const heir of heirs) await heir.close();
      }
    }
  },

  "While the socket is there, a peer that claims elsewhere is refused, and nothing changes": async (
    [a, b, c],
  ) => {
    const given = makeId();
    await using session = await startSession(a, { succession: given });
    for (const server of [b, c]) {
      await using heir = await claim(at(server, session), { given });
      assertEquals((await heir.closed()).code, 4009);
    }
    const mine = await lease(at(b, session));
    await answerLease(at(c, session), mine, "x");
    assertEquals((await session.primary.answers(1))[0].answer, "x");
  },

  "A take-over at another process: its joiners come from everywhere, the old key is refused everywhere":
    async ([a, b, c]) => {
      const given = makeId();
      await using session = await startSession(a, { succession: given });
      await session.primary.close();
      await using heir = await takeOver(at(b, session), { given });
      const mine = await lease(at(c, session));
      assertEquals((await answerLease(at(a, session), mine, "x")).status, 202);
      assertEquals((await heir.answers(1))[0].answer, "x");
      for (const server of [a, b, c]) {
        await using stale = await comeBack(at(server, session), ["old"]);
        assertEquals((await stale.closed()).code, 4009);
      }
    },
});

testTogether("A take-over over several processes, in its time", {
  "When the primary's process dies a peer takes over at another": onDenokv(
    async ({ startSeveral }) => {
      const [a, b] = await startSeveral(2);
      const given = makeId();
      await using session = await startSession(a, { succession: given });
      const mine = await lease(at(b, session));
      assertEquals((await answerLease(at(b, session), mine, "x")).status, 202);
      await session.primary.answers(1);
      await a.kill();
      await using heir = await takeOver(at(b, session), { given });
      assertEquals((await heir.answers(1))[0].answer, "x");
    },
  ),

  "A primary whose process stood still meanwhile is sent away, and hears on its return that it is over":
    onDenokv(async ({ startSeveral }) => {
      const [a, b] = await startSeveral(2);
      const given = makeId();
      await using session = await startSession(a, { succession: given });
      a.pause();
      await using heir = await takeOver(at(b, session), { given, offers: ["1", "2"] });
      a.resume();
      await session.primary.closed();
      await until("the old key to be refused", async () => {
        await using back = await comeBack(at(a, session), ["old"]);
        // The store may seem away, just after the process stood still.
        return (await back.closed()).code;
      }, (code) => code === 4009);
      const mine = await lease(at(a, session));
      assertEquals((await answerLease(at(a, session), mine, "x")).status, 202);
      assertEquals((await heir.answers(1))[0].answer, "x");
    }),

  "When the primary's network dies half-way, so that nobody hears a goodbye, a peer takes over": {
    ignore: false,
    why: "",
    async fn() {
      const server = await startProcess({ DENO_KV_PATH: ":memory:" });
      await using _stopped = { [Symbol.asyncDispose]: () => server.kill() };
      await using line = layLine(server.origin);
      const given = makeId();
      const far = { ...server, origin: line.origin };
      await using session = await startSession(far, { succession: given });
      line.stall();
      const since = performance.now();
      await using heir = await takeOver({ server, id: session.id }, { given });
      const took = performance.now() - since;
      assert(took > 1_000, "the server cannot know at once");
      line.resume();
      await session.primary.closed();
      const mine = await lease({ server, id: session.id });
      assertEquals(mine.offer, "heir's");
      assert(heir.isOpen);
    },
  },
});
