import { assert, assertEquals } from "@std/assert";
import { shareServer, until } from "./harness.ts";
import {
  answer,
  answerLease,
  assertProblem,
  BROWSER,
  drain,
  giveBack,
  type Lease,
  type Link,
  openLink,
  PROGRAM,
} from "./joiner.ts";
import { readFields } from "./page.ts";
import { startSession } from "./primary.ts";

const server = shareServer();
const ROUNDS = 25;
const JOINERS = 200;

/** Opens the link as a browser or as a program. @returns the leased offer, or null on 503. */
async function tryLease(link: Link, asBrowser: boolean): Promise<string | null> {
  const reply = await openLink(link, { accept: asBrowser ? BROWSER : PROGRAM });
  if (reply.status === 503) return null;
  assertEquals(reply.status, 200, reply.text);
  return asBrowser ? readFields(reply.text).offer : JSON.parse(reply.text).offer;
}

Deno.test("Two hundred joiners, four offers: exactly four leases, all different, the rest 503", async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const offers = [1, 2, 3, 4].map((n) => `round ${round} offer ${n}`);
    await using session = await startSession(server(), { offers });
    const tries = Array.from({ length: JOINERS }, (_, i) => tryLease(session, i % 2 === 0));
    const leased = (await Promise.all(tries)).filter((offer) => offer !== null);
    assertEquals(leased.toSorted(), offers, `round ${round}`);
    await session.primary.status(4, 4);
  }
});

Deno.test("Two hundred joiners, sixteen offers, each answered at once: sixteen answers, each to its own", async () => {
  for (let round = 0; round < 5; round++) {
    const offers = Array.from({ length: 16 }, (_, i) => `offer ${i}`);
    await using session = await startSession(server(), { offers });
    const statuses = await Promise.all(
      Array.from({ length: JOINERS }, async (_, i) => {
        const offer = await tryLease(session, false);
        return offer === null ? 503 : (await answer(session, offer, `${offer} by ${i}`)).status;
      }),
    );
    assertEquals(statuses.filter((status) => status === 202).length, 16);
    assertEquals(statuses.filter((status) => status === 503).length, JOINERS - 16);
    const answers = await session.primary.answers(16);
    assertEquals(answers.map(({ offer }) => offer).toSorted(), offers.toSorted());
    for (const { offer, answer } of answers) assert(answer.startsWith(`${offer} by `));
    await session.primary.status(16, 16);
  }
});

Deno.test("Sixty joiners who try again, a primary that refills when asked: each gets an offer of its own", async () => {
  await using session = await startSession(server());
  let refills = 0;
  const refilling = (async () => {
    while (true) {
      const { count } = await session.primary.next("want");
      const offers = Array.from({ length: count }, () => `refill ${++refills}`);
      await session.primary.deposit({ sessionId: session.id, offers });
    }
  })().catch(() => {/* The primary has closed, or nobody needs more. */});

  const join = async (i: number) => {
    const offer = await until(
      `joiner ${i} to get in`,
      () => tryLease(session, false),
      (offer) => offer !== null,
    );
    assertEquals((await answer(session, offer!, `by ${i}`)).status, 202);
    return offer;
  };
  const offers = await Promise.all(Array.from({ length: 60 }, (_, i) => join(i)));
  assertEquals(new Set(offers).size, 60);
  const answers = await session.primary.answers(60);
  assertEquals(new Set(answers.map(({ answer }) => answer)).size, 60);
  await session.primary.close();
  await refilling;
});

Deno.test("The counter agrees with the offers after joiners answered, gave back and kept them all at once", async () => {
  for (let round = 0; round < 5; round++) {
    const offers = Array.from({ length: 16 }, (_, i) => `offer ${i}`);
    await using session = await startSession(server(), { offers });
    const taken: string[] = [];
    let answered = 0;
    await Promise.all(Array.from({ length: 60 }, async (_, i) => {
      const reply = await openLink(session);
      if (reply.status === 503) return;
      const mine = JSON.parse(reply.text) as Lease;
      if (i % 3 === 0) return assertEquals((await giveBack(session, mine)).status, 204);
      taken.push(mine.offer);
      if (i % 3 === 1) return;
      assertEquals((await answerLease(session, mine, `by ${i}`)).status, 202);
      answered++;
    }));
    await session.primary.status(16, taken.length);
    const rest = (await drain(session)).map(({ offer }) => offer);
    assertEquals([...taken, ...rest].toSorted(), offers.toSorted());
    if (rest.length > 0) await session.primary.status(16, 16);
    assertEquals((await session.primary.answers(answered)).length, answered);
  }
});

Deno.test("Fifty joiners that race for one offer, round after round: one gets it", async () => {
  for (let round = 0; round < 10; round++) {
    await using session = await startSession(server(), { offers: [`only ${round}`] });
    const tries = Array.from({ length: 50 }, () => tryLease(session, false));
    const leased = (await Promise.all(tries)).filter((offer) => offer !== null);
    assertEquals(leased, [`only ${round}`]);
    assertProblem(await openLink(session), "no-free-offer");
  }
});

Deno.test("Refills that come while joiners drain the pool lose no offer and double none", async () => {
  await using session = await startSession(server());
  const refills = Array.from({ length: 8 }, (_, i) => [1, 2, 3, 4].map((n) => `refill ${i}.${n}`));
  const all = [...session.offers, ...refills.flat()];
  const leased: string[] = [];
  const join = async () => {
    const offer = await tryLease(session, false);
    if (offer !== null) leased.push(offer);
    return leased.length;
  };
  const joiners = Promise.all(
    Array.from(
      { length: 10 },
      () => until("all offers to be leased", join, (count) => count >= all.length),
    ),
  );
  for (const offers of refills) {
    await session.primary.deposit({ sessionId: session.id, offers });
  }
  await joiners;
  assertEquals(leased.toSorted(), all.toSorted());
  await session.primary.status(36, 36);
  assertProblem(await openLink(session), "no-free-offer");
});
