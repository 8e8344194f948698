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
  lease,
  type Link,
  openLink,
  post,
} from "./joiner.ts";
import { readFields } from "./page.ts";
import { startSession } from "./primary.ts";

const patient = shareServer();
/** Here a lease ends after a second. */
const hasty = shareServer({ LEASE_SECONDS: "1" });

/** The next lease that somebody can get. */
async function leaseWhenFree(link: Link): Promise<Lease> {
  const reply = await until(
    "an offer to be free",
    () => openLink(link),
    ({ status }) => status === 200,
  );
  return JSON.parse(reply.text);
}

Deno.test("A lease that runs out makes its offer free again", async () => {
  await using session = await startSession(hasty(), { offers: ["only"] });
  const first = await lease(session);
  const second = await leaseWhenFree(session);
  assertEquals(second.offer, "only");
  assert(Date.now() >= first.leaseExpiresAt, "the offer was in two joiners' hands");
  assert(second.leaseExpiresAt > first.leaseExpiresAt);
  assertEquals((await answer(session, "only", "x")).status, 202);
});

Deno.test("When a lease runs out the counter falls, without anybody asking", async () => {
  await using session = await startSession(hasty());
  await session.primary.status(4, 0);
  await lease(session);
  await session.primary.status(4, 1);
  await session.primary.status(4, 0);
});

Deno.test("When four leases run out at once the counter falls to nothing and all offers are free", async () => {
  await using session = await startSession(hasty());
  await session.primary.status(4, 0);
  await Promise.all(session.offers.map(() => lease(session)));
  await session.primary.status(4, 4);
  await session.primary.status(4, 0);
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), session.offers.toSorted());
});

Deno.test("POST says 409 when the lease has ended", async () => {
  await using session = await startSession(hasty());
  await session.primary.status(4, 0);
  const mine = await lease(session);
  await session.primary.status(4, 1);
  await session.primary.status(4, 0);
  assertProblem(await answer(session, mine.offer, "x"), "offer-unavailable");
  assertProblem(await answerLease(session, mine, "x"), "offer-unavailable");
  assertEquals((await drain(session)).length, 4, "the offer is free");
});

Deno.test("POST says 409 when the lease went to another joiner, who can still answer", async () => {
  await using session = await startSession(hasty(), { offers: ["only"] });
  const mine = await lease(session);
  const theirs = await leaseWhenFree(session);
  assertProblem(await answerLease(session, mine, "mine"), "offer-unavailable");
  assertEquals((await answerLease(session, theirs, "theirs")).status, 202);
  assertEquals((await session.primary.answers(1))[0].answer, "theirs");
});

Deno.test("An answer outlives its lease", async () => {
  await using session = await startSession(hasty(), { offers: ["answered", "other"] });
  const mine = await lease(session);
  assertEquals((await answerLease(session, mine, "x")).status, 202);
  // The other offer's lease begins and ends after the answered one's.
  const theirs = await lease(session);
  assertEquals((await leaseWhenFree(session)).offer, theirs.offer);
  assertEquals((await openLink(session)).status, 503);
  assertEquals((await answerLease(session, mine, "x")).status, 202);
});

Deno.test("Giving back is a beacon that says 204 and frees the offer at once", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  await session.primary.status(1, 0);
  const mine = await lease(session);
  await session.primary.status(1, 1);
  const reply = await giveBack(session, mine);
  assertEquals([reply.status, reply.text], [204, ""]);
  await session.primary.status(1, 0);
  assertEquals((await lease(session)).offer, "only");
});

Deno.test("Giving back works with what the loading page's hidden fields say", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const { offer, leaseExpiresAt } = readFields(
    (await openLink(session, { accept: BROWSER })).text,
  );
  assertEquals((await openLink(session)).status, 503);
  const reply = await giveBack(session, { offer, leaseExpiresAt: Number(leaseExpiresAt) });
  assertEquals(reply.status, 204);
  assertEquals((await lease(session)).offer, "only");
});

Deno.test("Giving back by JSON works, too", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const { offer, leaseExpiresAt } = await lease(session);
  const body = { sessionId: session.id, offer, answer: null, leaseExpiresAt };
  assertEquals((await post(session, body)).status, 204);
  assertEquals((await lease(session)).offer, "only");
});

Deno.test("An offer that was given back cannot be answered by who gave it back", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const mine = await lease(session);
  await giveBack(session, mine);
  assertProblem(await answerLease(session, mine, "x"), "offer-unavailable");
  const theirs = await lease(session);
  assertProblem(await answerLease(session, mine, "x"), "offer-unavailable");
  assertEquals((await answerLease(session, theirs, "theirs")).status, 202);
});

Deno.test("Giving back a lease that is over does not take the next joiner's", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const mine = await lease(session);
  await giveBack(session, mine);
  const theirs = await lease(session);
  for (let i = 0; i < 3; i++) assert((await giveBack(session, mine)).status < 500);
  assertEquals((await openLink(session)).status, 503);
  assertEquals((await answerLease(session, theirs, "theirs")).status, 202);
});

Deno.test("Giving back without naming the lease frees nothing", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const { offer } = await lease(session);
  assertProblem(
    await post(session, { sessionId: session.id, offer, answer: null }, "text/plain"),
    "invalid",
  );
  assertEquals((await openLink(session)).status, 503);
});

Deno.test("Giving back after the answer takes nothing back", async () => {
  await using session = await startSession(patient(), { offers: ["only"] });
  const mine = await lease(session);
  await answerLease(session, mine, "x");
  assert((await giveBack(session, mine)).status < 500);
  assertEquals((await openLink(session)).status, 503);
  assertEquals((await session.primary.answers(1))[0].answer, "x");
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(2, 1);
});

Deno.test("Of an answer and a giving back at once one wins, and the counter agrees", async () => {
  for (let round = 0; round < 10; round++) {
    await using session = await startSession(patient(), { offers: ["only"] });
    const mine = await lease(session);
    const [answered] = await Promise.all([
      answerLease(session, mine, "x"),
      giveBack(session, mine),
    ]);
    const next = await openLink(session);
    if (answered.status === 202) assertEquals(next.status, 503);
    else {
      assertEquals(answered.status, 409);
      assertEquals(next.status, 200);
    }
  }
});

Deno.test("Twenty beacons for one lease free one offer once", async () => {
  await using session = await startSession(patient(), { offers: ["one", "two"] });
  const [one] = await drain(session);
  await session.primary.status(2, 2);
  await Promise.all(Array.from({ length: 20 }, () => giveBack(session, one)));
  await session.primary.status(2, 1);
  assertEquals((await drain(session)).map(({ offer }) => offer), [one.offer]);
  await session.primary.status(2, 2);
});

Deno.test("Robots that never answer cannot starve people: the primary refills as it is asked", async () => {
  await using session = await startSession(patient());
  let refills = 0;
  const refill = async (count: number) => {
    const offers = Array.from({ length: count }, () => `refill ${++refills}`);
    await session.primary.deposit({ sessionId: session.id, offers });
  };
  for (let robots = 0; robots < 10; robots++) {
    await drain(session);
    const { count } = await session.primary.next("want");
    await refill(count);
    const person = await leaseWhenFree(session);
    assertEquals((await answerLease(session, person, `person ${robots}`)).status, 202);
  }
  assertEquals((await session.primary.answers(10)).length, 10);
});
