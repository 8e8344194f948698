import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { shareServer } from "./harness.ts";
import { assertRefused, claim, takeOver } from "./heir.ts";
import {
  answer,
  answerLease,
  assertProblem,
  drain,
  lease,
  openLink,
  untilAway,
  untilStatus,
} from "./joiner.ts";
import { readDatabase, startOnFile } from "./on_file.ts";
import { comeBack, type Session, startSession } from "./primary.ts";

const server = shareServer();
/** Here a lost socket ends its session after a second. */
const hasty = shareServer({ GRACE_SECONDS: "1" });

/** A session whose primary gave its peers a capability, and left for good. */
async function startAbandoned(given: string, offers?: string[]): Promise<Session> {
  const session = await startSession(server(), { succession: given, offers });
  await session.primary.close();
  return session;
}

Deno.test("The first primary has term 1, and keeps it when it comes back", async () => {
  await using session = await startSession(server(), { succession: makeId() });
  assertEquals(session.welcome.term, 1);
  await using back = await comeBack(session, session.offers);
  assertEquals((await back.next("welcome")).term, 1);
});

Deno.test("A peer with the capability takes over from a primary that is away: term 2", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  await session.primary.close();
  const key = makeId();
  await using heir = await takeOver(session, { given, key });
  const [welcome] = heir.frames;
  assertEquals(welcome, { ...session.welcome, key, term: 2 });
});

Deno.test("The link leads joiners to the new primary", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  await using heir = await takeOver(session, { given, offers: ["a", "b"] });
  await heir.status(2, 0);
  const mine = await lease(session);
  assert(["a", "b"].includes(mine.offer), "an offer of the new primary");
  const reply = await answerLease(session, mine, "x");
  assertEquals(JSON.parse(reply.text), { sessionId: session.id, primary: "here" });
  assertEquals((await heir.answers(1))[0].answer, "x");
  await drain(session);
  await heir.next("want");
  await heir.deposit({ sessionId: session.id, offers: ["refill"] });
  assertEquals((await drain(session)).map(({ offer }) => offer), ["refill"]);
});

Deno.test("Offers of the primary before are dropped, leased or not, unless they are declared", async () => {
  const given = makeId();
  await using session = await startSession(server(), {
    succession: given,
    offers: ["1", "2", "3"],
  });
  const leases = [await lease(session), await lease(session)];
  await session.primary.close();
  const [kept, lost] = leases;
  await using heir = await takeOver(session, { given, offers: [kept.offer, "new"] });
  await heir.status(2, 1);
  assertProblem(await answerLease(session, lost, "x"), "offer-unavailable");
  assertEquals((await drain(session)).map(({ offer }) => offer), ["new"]);
  assertEquals((await answerLease(session, kept, "x")).status, 202);
});

Deno.test("Answers that the primary before did not confirm reach the new one", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  const [confirmed, seen, late] = await drain(session);
  for (const { offer } of [confirmed, seen]) await answer(session, offer, `to ${offer}`);
  const sent = await session.primary.answers(2);
  const { id } = sent.find(({ offer }) => offer === confirmed.offer)!;
  await session.primary.send({ type: "received", ids: [id] });
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(5, 4);
  await session.primary.close();
  await untilAway(session, seen.offer, `to ${seen.offer}`);
  await answer(session, late.offer, `to ${late.offer}`);

  await using heir = await takeOver(session, { given });
  const answers = await heir.answers(2);
  assertEquals(answers.map(({ offer }) => offer).toSorted(), [seen.offer, late.offer].toSorted());
  await heir.status(4, 3);
});

Deno.test("The key of the primary before is no key any more: 4009, and nothing changes", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  await using heir = await takeOver(session, { given });
  await assertRefused(await comeBack(session, ["old"]), 4009);
  assertEquals((await lease(session)).offer, "heir's");
  assert(heir.isOpen);
});

Deno.test("The new primary comes back by its own key, and keeps its term", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  const heir = await takeOver(session, { given });
  await heir.close();
  await using back = await comeBack({ ...session, key: heir.key }, ["again"]);
  assertEquals((await back.next("welcome")).term, 2);
  assertEquals((await lease(session)).offer, "again");
});

Deno.test("A claim whose welcome was lost is repeated as it was: the same key is the same primary", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  await using heir = await takeOver(session, { given });
  await using again = await claim(session, { given, key: heir.key });
  assertEquals((await again.next("welcome")).term, 2);
  assertEquals((await heir.closed()).code, 4001);
});

Deno.test("The server makes the new primary's key where it sent none", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  await using heir = await takeOver(session, { given, key: undefined });
  const [welcome] = heir.frames;
  assert(welcome.type === "welcome");
  assertMatch(welcome.key, /^\S{22,}$/);
});

Deno.test("The capability of the new primary is the next one's, and the one before is over", async () => {
  const [first, second, third] = [makeId(), makeId(), makeId()];
  await using session = await startAbandoned(first);
  const heir = await takeOver(session, { given: first, succession: second });
  await heir.close();
  await using next = await takeOver(session, { given: second, term: 3, succession: third });
  assertEquals((next.frames[0] as { term?: number }).term, 3);
  await assertRefused(await claim(session, { given: first, term: 4 }), 4009);
  await assertRefused(await comeBack(session, ["x"]), 4009);
});

Deno.test("A wrong capability is refused with 4003, whether the primary is away or not", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  const wrong = [makeId(), given.slice(0, -1) + "~", given + "x", session.key];
  const refuseAll = () =>
    Promise.all(
      wrong.map(async (given) => await assertRefused(await claim(session, { given }), 4003)),
    );
  await refuseAll();
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  await session.primary.close();
  await untilAway(session, offer, "x");
  await refuseAll();
  await using back = await comeBack(session, ["new"]);
  assertEquals((await back.next("welcome")).term, 1);
});

Deno.test("While the primary's socket is there a take-over is refused with 4009", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  await assertRefused(await claim(session, { given }), 4009);
  const mine = await lease(session);
  assert(session.offers.includes(mine.offer));
  await answerLease(session, mine, "x");
  assertEquals((await session.primary.answers(1))[0].answer, "x");
});

Deno.test("A term that is not the next one is refused with 4009", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  await session.primary.close();
  await untilAway(session, offer, "x");
  for (const term of [3, 4, 2 ** 40]) {
    await assertRefused(await claim(session, { given, term }), 4009);
  }
  await using heir = await claim(session, { given });
  assertEquals(await heir.verdict(), "welcome");
});

Deno.test("A session whose primary gave no capability cannot be taken over", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  await session.primary.close();
  await untilAway(session, offer, "x");
  for (const given of [makeId(), session.key]) {
    await assertRefused(await claim(session, { given }), 4003);
  }
});

Deno.test("A new primary that gives no capability is the last one", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  const heir = await takeOver(session, { given });
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  await heir.close();
  await untilAway(session, offer, "x");
  await assertRefused(await claim(session, { given, term: 3 }), 4009);
});

Deno.test("A primary that comes back may give another capability in the place of the first", async () => {
  const [first, second] = [makeId(), makeId()];
  await using session = await startSession(server(), { succession: first });
  await session.primary.close();
  const back = await comeBack(session, ["x"], { succession: second });
  await back.next("welcome");
  await back.close();
  await assertRefused(await claim(session, { given: first }), 4003);
  await using _heir = await takeOver(session, { given: second });
});

Deno.test("A primary that comes back without a word about it leaves the capability as it is", async () => {
  const given = makeId();
  await using session = await startSession(server(), { succession: given });
  await session.primary.close();
  const back = await comeBack(session, ["x"]);
  await back.next("welcome");
  await back.close();
  await using _heir = await takeOver(session, { given });
});

Deno.test("A take-over where nothing is, or of what has ended, is refused with 4010 and makes nothing", async () => {
  const link = { server: server(), id: makeId() };
  await assertRefused(await claim(link, { given: makeId() }), 4010);
  assertProblem(await openLink(link), "no-such-session");

  const given = makeId();
  await using ended = await startSession(server(), { succession: given });
  await ended.primary.send({ type: "end" });
  await ended.primary.closed();
  await assertRefused(await claim(ended, { given }), 4010);
  assertProblem(await openLink(ended), "ended");
});

Deno.test("After the grace there is nothing to take over; a take-over within it ends the grace", async () => {
  const given = makeId();
  await using lapsed = await startSession(hasty(), { succession: given });
  await using kept = await startSession(hasty(), { succession: given });
  await kept.primary.close();
  await using _heir = await takeOver(kept, { given });
  await lapsed.primary.close();
  await untilStatus(lapsed, 410);
  await assertRefused(await claim(lapsed, { given }), 4010);
  const other = await startSession(hasty());
  await other.primary.close();
  await untilStatus(other, 410);
  assertEquals((await lease(kept)).offer, "heir's");
});

Deno.test("The new primary ends the session for everyone, also for the one before", async () => {
  const given = makeId();
  await using session = await startAbandoned(given);
  const heir = await takeOver(session, { given });
  await heir.send({ type: "end" });
  assertEquals((await heir.closed()).code, 1000);
  assertProblem(await openLink(session), "ended");
  await assertRefused(await comeBack(session, ["x"]), 4010);
});

Deno.test("Of fifty peers that claim at once exactly one takes over, and the others hear 4009", async () => {
  for (let round = 0; round < 5; round++) {
    const given = makeId();
    await using session = await startSession(server(), { succession: given, offers: ["old"] });
    const { offer } = await lease(session);
    await answer(session, offer, "x");
    await session.primary.close();
    await untilAway(session, offer, "x");
    const heirs = await Promise.all(
      Array.from(
        { length: 50 },
        (_, i) => claim(session, { given, key: makeId(), succession: makeId(), offers: [`${i}`] }),
      ),
    );
    try {
      const verdicts = await Promise.all(heirs.map((heir) => heir.verdict()));
      const winner = verdicts.indexOf("welcome");
      assertEquals(verdicts.toSpliced(winner, 1), Array(49).fill(4009));
      assertEquals((await heirs[winner].answers(1))[0].answer, "x");
      await heirs[winner].status(2, 1);
      assertEquals((await lease(session)).offer, `${winner}`, "only the winner's offers are there");
    } finally {
      for (const heir of heirs) await heir.close();
    }
  }
});

Deno.test("The primary that comes back and a peer that claims: one is the primary, the other hears 4009", async () => {
  for (let round = 0; round < 20; round++) {
    const given = makeId();
    await using session = await startSession(server(), { succession: given });
    const { offer } = await lease(session);
    await answer(session, offer, "x");
    await session.primary.close();
    await untilAway(session, offer, "x");
    const both = await Promise.all([comeBack(session, ["old"]), claim(session, { given })]);
    try {
      const verdicts = await Promise.all(both.map((one) => one.verdict()));
      assertEquals(verdicts.toSorted(), [4009, "welcome"]);
    } finally {
      for (const one of both) await one.close();
    }
  }
});

Deno.test("A take-over without a capability, or of a first term, is no frame", async () => {
  await using session = await startSession(server(), { succession: makeId() });
  for (
    const takeOver of [
      {},
      { term: 2 },
      { succession: makeId() },
      { succession: makeId(), term: 1 },
      {
        succession: "short",
        term: 2,
      },
      { succession: makeId(), term: 2.5 },
      null,
    ]
  ) {
    await using heir = await comeBack(session, ["x"], { takeOver: takeOver as never });
    assertEquals(await heir.verdict(), "error", JSON.stringify(takeOver));
  }
});

Deno.test("No capability is in the database, only what it hashes to", async () => {
  await using machine = await startOnFile();
  const [given, next] = [`given-${makeId(32)}`, `next-${makeId(32)}`];
  await using session = await startSession(machine.server, { succession: given });
  await session.primary.close();
  const heir = await takeOver(session, { given, succession: next, offers: ["to be found"] });
  await machine.crash();
  const bytes = await readDatabase(machine.folder);
  assert(bytes.includes("to be found"), "the database is read");
  for (const secret of [given, next, heir.key]) {
    assert(!bytes.includes(secret), `${secret} is kept`);
    assert(!bytes.includes([...secret].join("\0")), `${secret} is kept as UTF-16`);
  }
});
