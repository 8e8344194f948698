import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FoyerError } from "../../lib/mesh/errors.ts";
import { createIdentity } from "../../lib/mesh/later/identity.ts";
import { makeId } from "../../lib/protocol/ids.ts";

const session = { id: makeId(), secret: makeId() };
const client = (self: string) => createIdentity({ ...session, self });
const FORGED = "v=0\r\na=fingerprint:sha-256 FO:RG:ED\r\n";
const OFFER = "v=0\r\na=fingerprint:sha-256 OF:FE:RE:R0\r\n";
const ANSWER = "v=0\r\na=fingerprint:sha-256 AN:SW:ER:ER\r\n";

Deno.test("two peers take each other's offer and answer, whoever passes them on", async () => {
  const [one, two] = [client("one"), client("two")];
  const offer = await two.wrapOffer(OFFER);
  assertEquals(one.unwrapOffer("two", offer), OFFER);
  const answer = await one.wrapAnswer("two", offer, ANSWER);
  assert(!answer.includes("fingerprint"), "who passes it on does not read it");
  assertEquals(await two.unwrapAnswer("one", offer, answer), ANSWER);
});

Deno.test("an answer to an offer that was changed on the way is refused", async () => {
  const [one, two] = [client("one"), client("two")];
  const offer = await two.wrapOffer(OFFER);
  const changed = offer.replace(OFFER, FORGED);
  assertEquals(one.unwrapOffer("two", changed), FORGED);
  const answer = await one.wrapAnswer("two", changed, ANSWER);
  await assertRejects(() => two.unwrapAnswer("one", offer, answer), FoyerError);
});

Deno.test("an answer that was changed, is plain, or belongs to another peer is refused", async () => {
  const [one, two, three] = [client("one"), client("two"), client("three")];
  const offer = await two.wrapOffer(OFFER);
  const answer = await one.wrapAnswer("two", offer, ANSWER);
  const own = (await three.wrapOffer("x")).slice(0, -1);
  const forgeries = [
    ANSWER,
    FORGED,
    answer.slice(0, -4) + "AAA=",
    // The key of another with what this one sealed.
    own + answer.slice(own.length),
    await three.wrapAnswer("two", await two.wrapOffer(OFFER), FORGED),
  ];
  for (const forgery of forgeries) {
    await assertRejects(() => two.unwrapAnswer("one", offer, forgery), FoyerError);
  }
  await assertRejects(() => two.unwrapAnswer("three", offer, answer), FoyerError);
  assertEquals(await two.unwrapAnswer("one", offer, answer), ANSWER);
});

Deno.test("a peer's first key is its key for good: nobody else can speak for it later", async () => {
  const [one, two, other] = [client("one"), client("two"), client("two")];
  const first = await two.wrapOffer(OFFER);
  const answer = await one.wrapAnswer("two", first, ANSWER);
  await two.unwrapAnswer("one", first, answer);
  const forged = await other.wrapOffer(FORGED);
  assertThrows(() => one.unwrapOffer("two", forged), FoyerError);
  const next = await two.wrapOffer(OFFER);
  assertEquals(one.unwrapOffer("two", next), OFFER);
  const impostor = await client("one").wrapAnswer("two", next, FORGED);
  await assertRejects(() => two.unwrapAnswer("one", next, impostor), FoyerError);
});

Deno.test("with a secret a plain offer is refused; without one all is plain", async () => {
  const keyed = client("one");
  assertThrows(() => keyed.unwrapOffer("two", OFFER), FoyerError);
  // Its key is made by then: a test that ends before is said to leak.
  await keyed.wrapOffer(OFFER);
  const plain = createIdentity({ id: session.id, self: "one", secret: "" });
  assertEquals(await plain.wrapOffer(OFFER), OFFER);
  assertEquals(plain.unwrapOffer("two", OFFER), OFFER);
  assertEquals(await plain.wrapAnswer("two", OFFER, ANSWER), ANSWER);
  assertEquals(await plain.unwrapAnswer("two", OFFER, ANSWER), ANSWER);
});
