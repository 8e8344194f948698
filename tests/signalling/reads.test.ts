import { assert, assertEquals } from "@std/assert";
import { confirmAnswers, storeAnswer } from "../../lib/signalling/answer.ts";
import { depositOffers } from "../../lib/signalling/hosting.ts";
import { leaseNextOffer } from "../../lib/signalling/lease.ts";
import { nameOffer, readCounts } from "../../lib/signalling/offer.ts";
import { makeContext, makeSession, openKv } from "./make_context.ts";

Deno.test("where the primary is here, a join and the refill after it read nothing from the store", async () => {
  using kv = await openKv();
  const reads: string[] = [];
  await using context = makeContext(countReads(kv, reads));
  const id = await makeSession(context, ["offer 0", "offer 1"]);
  reads.length = 0;
  for (let i = 0; i < 5; i++) {
    const lease = await leaseNextOffer(context, id);
    assert(typeof lease !== "string");
    const body = { ...lease, answer: `answer ${i}` };
    assertEquals(await storeAnswer(context, id, body, () => {}), { primary: "here" });
    const answerId = nameOffer(lease.offer);
    await confirmAnswers(context, id, [answerId], new Map([[answerId, body.answer]]));
    const deposit = await depositOffers(context, id, "socket", [`offer ${i + 2}`, lease.offer]);
    assertEquals(deposit, { deposited: 1 }, "an answered offer is no new one");
  }
  assertEquals(reads, []);
  assertEquals(await readCounts(context.store, id), { offers: 7, consumed: 5, answered: 5 });
});

/** `kv`, with a word about each read in `reads`; the mailbox is watched at any time. */
function countReads(kv: Deno.Kv, reads: string[]): Deno.Kv {
  return new Proxy(kv, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const words = JSON.stringify(args[0]) ?? "";
        const isRead = name === "get" || name === "getMany" || name === "list";
        if (isRead && !words.includes('"mail"')) reads.push(`${String(name)} ${words}`);
        return value.apply(target, args);
      };
    },
  });
}
