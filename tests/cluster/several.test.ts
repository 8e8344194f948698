/** Several processes on one KV Connect server: any of them serves any session. */
import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import {
  answer,
  answerLease,
  assertProblem,
  drain,
  giveBack,
  type Lease,
  lease,
  openLink,
  untilAway,
  untilStatus,
} from "../contract/joiner.ts";
import { comeBack, startSession } from "../contract/primary.ts";
import { testTogether } from "../contract/together.ts";
import { at } from "./at.ts";
import { onDenokv, testOnThree } from "./stage.ts";

testOnThree({
  "A socket at A, a GET at B, a POST at C: the answer reaches the primary": async ([a, b, c]) => {
    await using session = await startSession(a);
    const mine = await lease(at(b, session));
    const reply = await answerLease(at(c, session), mine, "from C");
    assertEquals([reply.status, JSON.parse(reply.text).primary], [202, "here"]);
    const [{ id, ...connection }] = await session.primary.answers(1);
    assertEquals(connection, { offer: mine.offer, answer: "from C" });

    await session.primary.send({ type: "received", ids: [id] });
    await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
    await session.primary.status(5, 1);
    for (const server of [a, b, c]) {
      assertEquals((await answerLease(at(server, session), mine, "from C")).status, 202, "again");
      assertProblem(await answer(at(server, session), mine.offer, "another"), "offer-unavailable");
    }
  },

  "The counter and the want for more reach a primary whose joiners are elsewhere": async (
    [a, b, c],
  ) => {
    await using session = await startSession(a);
    await session.primary.status(4, 0);
    const first = await lease(at(b, session));
    await session.primary.status(4, 1);
    await lease(at(c, session));
    await session.primary.status(4, 2);
    await giveBack(at(c, session), first);
    await session.primary.status(4, 1);
    await drain(at(b, session));
    assert((await session.primary.next("want")).count > 0);
    assertEquals((await openLink(at(c, session))).status, 503);
    await session.primary.deposit({ sessionId: session.id, offers: ["refill"] });
    await session.primary.status(5, 4);
    assertEquals(
      (await lease(at(c, session))).offer,
      "refill",
      "a refill is seen everywhere at once",
    );
  },

  "Two hundred joiners over three processes, four offers: four leases, all different": async (
    servers,
  ) => {
    for (let round = 0; round < 6; round++) {
      const offers = [1, 2, 3, 4].map((n) => `round ${round} offer ${n}`);
      await using session = await startSession(servers[round % 3], { offers });
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, i) => openLink(at(servers[i % 3], session))),
      );
      const leased = replies.filter(({ status }) => status === 200);
      assertEquals(leased.map(({ text }) => JSON.parse(text).offer).toSorted(), offers);
      assertEquals(replies.filter(({ status }) => status === 503).length, 196);
      await session.primary.status(4, 4);
    }
  },

  "Joiners over three processes who answer at once reach the primary, each with its own offer":
    async (servers) => {
      const offers = Array.from({ length: 16 }, (_, i) => `offer ${i}`);
      await using session = await startSession(servers[0], { offers });
      const join = async (i: number) => {
        const reply = await openLink(at(servers[i % 3], session));
        if (reply.status === 503) return 503;
        const mine = JSON.parse(reply.text);
        return (await answerLease(at(servers[(i + 1) % 3], session), mine, `to ${mine.offer}`))
          .status;
      };
      const statuses = await Promise.all(Array.from({ length: 100 }, (_, i) => join(i)));
      assertEquals(statuses.filter((status) => status === 202).length, 16);
      assertEquals(statuses.filter((status) => status === 503).length, 84);
      for (const { offer, answer } of await session.primary.answers(16)) {
        assertEquals(answer, `to ${offer}`);
      }
      await session.primary.status(16, 16);
    },

  "A primary that comes back at another process: the old socket closes with 4001": async (
    [a, b, c],
  ) => {
    await using session = await startSession(a);
    const [first, second] = await drain(at(c, session));
    await answerLease(at(c, session), first, "unconfirmed");
    await session.primary.answers(1);

    await using atB = await comeBack(at(b, session), [second.offer, "new"]);
    assertEquals((await session.primary.closed()).code, 4001);
    assertEquals((await atB.answers(1))[0].answer, "unconfirmed", "it is sent again");
    await answerLease(at(a, session), second, "by A");
    assertEquals((await atB.next("answers")).connections[0].answer, "by A");
    await atB.status(3, 2);

    await using atC = await comeBack(at(c, session), ["new"]);
    assertEquals((await atB.closed()).code, 4001);
    await atC.status(3, 2);
    assertEquals((await lease(at(a, session))).offer, "new");
    await atC.status(3, 3);
  },

  "A return with sixteen new offers drops all of the forty-eight before them": async ([a, b]) => {
    const offers = Array.from({ length: 64 }, (_, i) => `offer ${i}`);
    await using session = await startSession(a, { offers: offers.slice(0, 16) });
    await session.primary.deposit({ sessionId: session.id, offers: offers.slice(16, 32) });
    await session.primary.deposit({ sessionId: session.id, offers: offers.slice(32, 48) });
    await session.primary.status(48, 0);
    const mine = await lease(at(b, session));
    await using back = await comeBack(at(b, session), offers.slice(48));
    await back.next("welcome");
    assertProblem(await answerLease(at(a, session), mine, "late"), "offer-unavailable");
    assertEquals(
      (await drain(at(a, session))).map(({ offer }) => offer).toSorted(),
      offers.slice(48),
    );
    await back.status(16, 16);
  },

  "A wrong key at another process is refused and changes nothing": async ([a, b]) => {
    await using session = await startSession(a);
    await using thief = await comeBack({ ...at(b, session), key: "x".repeat(32) }, ["thief's"]);
    assertEquals((await thief.closed()).code, 4003);
    const mine = await lease(at(b, session));
    await session.primary.status(4, 1);
    await answerLease(at(b, session), mine, "x");
    assertEquals((await session.primary.answers(1))[0].offer, mine.offer);
  },

  "A session that its primary ends at A has ended at B": async ([a, b]) => {
    await using session = await startSession(a);
    const mine = await lease(at(b, session));
    await session.primary.send({ type: "end" });
    await session.primary.closed();
    assertProblem(await answerLease(at(b, session), mine, "late"), "ended");
    for (const server of [a, b]) assertProblem(await openLink(at(server, session)), "ended");
    await using back = await comeBack(at(b, session), session.offers);
    assertEquals((await back.closed()).code, 4010);
  },

  "A primary that was away comes back to another process, and finds what came meanwhile": async (
    [a, b, c],
  ) => {
    await using session = await startSession(a);
    const [first, second] = await drain(at(b, session));
    await answerLease(at(b, session), first, "x");
    await session.primary.answers(1);
    await session.primary.close();
    await untilAway(at(b, session), first.offer, "x");
    assertEquals((await answerLease(at(c, session), second, "y")).status, 202);
    await using back = await comeBack(at(b, session), ["new"]);
    assertEquals((await back.answers(2)).map(({ answer }) => answer).toSorted(), ["x", "y"]);
    assertEquals((await lease(at(c, session))).offer, "new");
  },
});

testTogether("Over several processes, in its time", {
  "Leases end everywhere, wherever they were granted": onDenokv(async ({ startSeveral }) => {
    const [a, b, c] = await startSeveral(3, { LEASE_SECONDS: "1" });
    await using session = await startSession(a, { offers: ["only"] });
    await session.primary.status(1, 0);
    const mine = await lease(at(b, session));
    await session.primary.status(1, 1);
    await session.primary.status(1, 0);
    const theirs = await lease(at(c, session));
    assert(theirs.leaseExpiresAt - 1_000 >= mine.leaseExpiresAt);
    assertProblem(await answerLease(at(b, session), mine, "late"), "offer-unavailable");
  }),

  "An answer stored at one process is known at the one that granted the lease, also after the lease":
    onDenokv(async ({ startSeveral }) => {
      const [a, b] = await startSeveral(2, { LEASE_SECONDS: "1" });
      await using session = await startSession(a, { offers: ["only"] });
      let mine: Lease | undefined;
      await until("an answer before its lease is over", async () => {
        const { status, text } = await openLink(at(b, session));
        if (status !== 200) return status;
        mine = JSON.parse(text) as Lease;
        return (await answerLease(at(a, session), mine, "x")).status;
      }, (status) => status === 202);
      await until(
        "the lease to be over",
        () => openLink(at(a, session)),
        () => Date.now() >= mine!.leaseExpiresAt,
      );
      assertEquals(
        (await answerLease(at(b, session), mine!, "x")).status,
        202,
        "the same body again",
      );
      assertProblem(await answerLease(at(b, session), mine!, "y"), "offer-unavailable");
    }),

  "A session whose primary stays away ends everywhere": onDenokv(async ({ startSeveral }) => {
    const [a, b, c] = await startSeveral(3, { GRACE_SECONDS: "1" });
    await using session = await startSession(a);
    await session.primary.close();
    await untilStatus(at(b, session), 410);
    await untilStatus(at(c, session), 410);
  }),
});
