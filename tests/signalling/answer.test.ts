import { assertEquals } from "@std/assert";
import {
  type AnswerMail,
  confirmAnswers,
  listAnswers,
  storeAnswer,
} from "../../lib/signalling/answer.ts";
import type { Context } from "../../lib/signalling/context.ts";
import { endSession, openSession } from "../../lib/signalling/hosting.ts";
import { type Lease, leaseOffer } from "../../lib/signalling/lease.ts";
import { DEFAULTS } from "../../lib/signalling/settings.ts";
import { makeContext, makeFirst, makeSession, openKv } from "./make_context.ts";

const ignore = () => {};
const confirmAll = async (context: Context, id: string) => {
  const ids = (await listAnswers(context, id)).map((mail) => mail.id);
  await confirmAnswers(context, id, ids, new Map());
};
const answer = (context: Context, id: string, body: { offer: string; answer: string }) =>
  storeAnswer(context, id, body, ignore);

Deno.test("storeAnswer() takes one of fifty answers to one offer", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  await leaseOffer(context, id);
  const results = await Promise.all(
    Array.from(
      { length: 50 },
      (_, i) => answer(context, id, { offer: "only", answer: `answer ${i}` }),
    ),
  );
  assertEquals(results.filter((result) => typeof result === "object").length, 1);
  assertEquals(results.filter((result) => result === "offer-unavailable").length, 49);
  assertEquals((await listAnswers(context, id)).length, 1);
});

Deno.test("storeAnswer() says yes again to the same answer, before and after it was confirmed", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  await leaseOffer(context, id);
  const body = { offer: "only", answer: "mine" };
  assertEquals(await answer(context, id, body), { primary: "here" });
  assertEquals(await answer(context, id, body), { primary: "here" });
  await confirmAll(context, id);
  assertEquals(await listAnswers(context, id), []);
  assertEquals(await answer(context, id, body), { primary: "here" });
  assertEquals(await answer(context, id, { ...body, answer: "other" }), "offer-unavailable");
  assertEquals(await listAnswers(context, id), []);
});

Deno.test("storeAnswer() refuses an offer that is free, unknown, or whose lease is over", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, ["only"]);
  assertEquals(await answer(context, id, { offer: "only", answer: "x" }), "offer-unavailable");
  assertEquals(await answer(context, id, { offer: "never", answer: "x" }), "offer-unavailable");
  await leaseOffer(context, id);
  clock.now += DEFAULTS.leaseTime;
  assertEquals(await answer(context, id, { offer: "only", answer: "x" }), "offer-unavailable");
});

Deno.test("storeAnswer() refuses a joiner whose lease went to another one", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, ["only"]);
  const first = await leaseOffer(context, id) as Lease;
  clock.now += DEFAULTS.leaseTime;
  const second = await leaseOffer(context, id) as Lease;
  const late = { offer: "only", answer: "late", leaseExpiresAt: first.leaseExpiresAt };
  assertEquals(await storeAnswer(context, id, late, ignore), "offer-unavailable");
  const right = { offer: "only", answer: "right", leaseExpiresAt: second.leaseExpiresAt };
  assertEquals(await storeAnswer(context, id, right, ignore), { primary: "here" });
});

Deno.test("an answered offer is never leased again, even when it is deposited again", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  await leaseOffer(context, id);
  await answer(context, id, { offer: "only", answer: "mine" });
  await confirmAll(context, id);
  await openSession(context, id, "second", makeFirst(["only"]));
  assertEquals(await leaseOffer(context, id), "no-free-offer");
});

Deno.test("storeAnswer() delivers at once where the socket is here, and by mail where it is not", async () => {
  using kv = await openKv();
  const read = Promise.withResolvers<AnswerMail[]>();
  await using there = makeContext(kv, {
    onMail: async (session) => {
      const mail = await listAnswers(there, session);
      if (mail.length > 0) read.resolve(mail);
    },
  });
  await using here = makeContext(kv);
  const id = await makeSession(there, ["a", "b"]);
  const { offer } = await leaseOffer(there, id) as Lease;
  const delivered: AnswerMail[] = [];
  await storeAnswer(there, id, { offer, answer: "1" }, (mail) => delivered.push(mail));
  assertEquals(delivered.map((mail) => mail.answer), ["1"]);
  await confirmAll(there, id);

  const second = await leaseOffer(here, id) as Lease;
  await storeAnswer(here, id, { offer: second.offer, answer: "2" }, () => {
    throw new Error("the socket is not here");
  });
  assertEquals((await read.promise).map((mail) => mail.answer), ["2"]);
});

Deno.test("an ended session takes no answer, and keeps nothing but that it ended", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["a", "b"]);
  const { offer } = await leaseOffer(context, id) as Lease;
  await endSession(context, id, "socket");
  assertEquals(await answer(context, id, { offer, answer: "x" }), "ended");
  assertEquals(await leaseOffer(context, id), "ended");
  const left = await Array.fromAsync(kv.list({ prefix: [] }), ({ key }) => key[0]);
  assertEquals(left.filter((name) => name !== "isolate"), ["session"]);
});

Deno.test("storeAnswer() says again to whoever holds the socket what the primary has not confirmed", async () => {
  using kv = await openKv();
  const noticed = Promise.withResolvers<string>();
  await using there = makeContext(kv, { onMail: (id) => Promise.resolve(noticed.resolve(id)) });
  await using here = makeContext(kv);
  const id = await makeSession(there, ["only"]);
  await leaseOffer(there, id);
  const body = { offer: "only", answer: "mine" };
  const delivered: AnswerMail[] = [];
  await answer(there, id, body);
  await storeAnswer(there, id, body, (mail) => delivered.push(mail));
  assertEquals(delivered.map(({ answer }) => answer), ["mine"]);
  await answer(here, id, body);
  assertEquals(await noticed.promise, id);

  await confirmAll(there, id);
  await storeAnswer(there, id, body, (mail) => delivered.push(mail));
  assertEquals(delivered.length, 1, "once it is confirmed, no more");
});
