import { assertEquals } from "@std/assert";
import { type Claim, grantClaim, judgeClaim } from "../../lib/signalling/claim.ts";
import { digest } from "../../lib/signalling/digest.ts";
import { openSession } from "../../lib/signalling/hosting.ts";
import { keyOfSession, type Session } from "../../lib/signalling/session.ts";
import { KEY, makeContext, makeFirst, openKv } from "./make_context.ts";

/** A record as it was written before there were terms. */
const OLD: Session = {
  keyHash: digest(KEY),
  target: null,
  holder: null,
  awayUntil: 1,
  endedAt: null,
};

const keyOf = (term: number) => `key of the primary of term ${term}`;
const successionOf = (term: number) => `capability of term ${term}`;
const heirOf = (term: number): Claim => ({
  key: keyOf(term + 1),
  succession: successionOf(term + 1),
  takeOver: { succession: successionOf(term), term: term + 1 },
});
const judge = (record: Session | null, claim: Claim) => judgeClaim(record, claim, () => false);

/** The record of a session that was taken over until it has this term; its primary is away. */
function makeRecord(term: number): Session {
  const first = { key: keyOf(1), succession: successionOf(1), takeOver: null };
  let record = { ...OLD, ...grantClaim(null, first, "open") };
  for (let before = 1; before < term; before++) {
    const heir = heirOf(before);
    assertEquals(judge(record, heir), "take-over");
    record = { ...record, ...grantClaim(record, heir, "take-over") };
  }
  return record;
}

Deno.test("judgeClaim() lets the right key return to a record without a term, and nobody take over", () => {
  assertEquals(judge(OLD, { key: KEY, succession: null, takeOver: null }), "return");
  for (const succession of [successionOf(1), "undefined", "null".repeat(5)]) {
    const takeOver = { succession, term: 2 };
    assertEquals(judge(OLD, { key: keyOf(2), succession: null, takeOver }), "key-refused");
  }
});

Deno.test("judgeClaim() grants a take-over once its primary came back and gave a capability", () => {
  const back = { key: KEY, succession: successionOf(1), takeOver: null };
  const record = { ...OLD, ...grantClaim(OLD, back, "return") };
  assertEquals([record.term, judge(record, heirOf(1))], [1, "take-over"]);
});

Deno.test("judgeClaim() tells who was right in a term that is over from who never was", () => {
  const record = makeRecord(4);
  assertEquals(record.term, 4);
  for (const term of [1, 2, 3]) {
    const stale = { key: keyOf(term), succession: null, takeOver: null };
    assertEquals(judge(record, stale), "superseded", `key of term ${term}`);
    assertEquals(judge(record, { ...heirOf(term), key: "of a late one" }), "superseded");
  }
  assertEquals(judge(record, heirOf(4)), "take-over");
  assertEquals(judge(record, heirOf(5)), "key-refused");
});

Deno.test("A record stays small however often its session is taken over", () => {
  const size = (term: number) => JSON.stringify(makeRecord(term)).length;
  assertEquals(size(90), size(20));
});

Deno.test("judgeClaim() refuses a take-over while a socket is there, but not the key", () => {
  const record = { ...makeRecord(2), holder: { isolate: "other", socket: "socket" } };
  assertEquals(judge(record, heirOf(2)), "superseded");
  assertEquals(judge(record, { key: keyOf(2), succession: null, takeOver: null }), "return");
});

Deno.test("judgeClaim() says of what is over that it has ended, to those who had a right", () => {
  const judgeOver = (claim: Claim) => judgeClaim(makeRecord(2), claim, () => true);
  for (const claim of [heirOf(1), heirOf(2), { key: keyOf(1), succession: null, takeOver: null }]) {
    assertEquals(judgeOver(claim), "ended");
  }
  assertEquals(judgeOver(heirOf(7)), "key-refused");
});

Deno.test("openSession() goes on with a session that was stored before there were terms", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = "a-session-of-the-past";
  await kv.set(keyOfSession(id), { ...OLD, awayUntil: context.now() + 60_000 });
  const first = makeFirst(["a"], { succession: successionOf(1) });
  assertEquals(await openSession(context, id, "socket", first), { how: "returned", term: 1 });
});

Deno.test("openSession() takes over once though its claim is repeated, and from no living socket", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = "a-session-taken-over";
  await kv.set(keyOfSession(id), { ...makeRecord(1), awayUntil: context.now() + 60_000 });
  const heir = makeFirst(["a"], heirOf(1));
  assertEquals(await openSession(context, id, "one", heir), { how: "taken-over", term: 2 });
  assertEquals(await openSession(context, id, "one", heir), { how: "returned", term: 2 });
  const other = makeFirst(["b"], { ...heirOf(1), key: "another candidate's key" });
  assertEquals(await openSession(context, id, "two", other), "superseded");
});
