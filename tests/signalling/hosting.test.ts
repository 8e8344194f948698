import { assertEquals } from "@std/assert";
import type { Context } from "../../lib/signalling/context.ts";
import { depositOffers, findSession, openSession } from "../../lib/signalling/hosting.ts";
import { type Lease, leaseOffer } from "../../lib/signalling/lease.ts";
import { keyOfOffers, type Offer, readCounts } from "../../lib/signalling/offer.ts";
import type { Session } from "../../lib/signalling/session.ts";
import { listOffers, makeContext, makeFirst, makeSession, openKv } from "./make_context.ts";

/** What the session's counter says, and the offers that are there. */
async function readOffers({ store }: Context, id: string) {
  const entries = await store.list<Offer>(keyOfOffers(id));
  const { offers } = await readCounts(store, id);
  return { counted: offers, offers: entries.map(({ value }) => value.offer).toSorted() };
}

/** `kv` over a line that breaks: every other commit is sent twice, and the first result is lost. */
function repeatCommits(kv: Deno.Kv): Deno.Kv {
  let commits = 0;
  const atomic = () => {
    const checks: Deno.AtomicCheck[] = [];
    const mutations: Deno.KvMutation[] = [];
    const operation = {
      check: (...more: Deno.AtomicCheck[]) => (checks.push(...more), operation),
      mutate: (...more: Deno.KvMutation[]) => (mutations.push(...more), operation),
      async commit() {
        if (commits++ % 2 === 0) await kv.atomic().check(...checks).mutate(...mutations).commit();
        return await kv.atomic().check(...checks).mutate(...mutations).commit();
      },
    };
    return operation;
  };
  return new Proxy(kv, {
    get(target, name) {
      if (name === "atomic") return atomic;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("openSession() counts an offer once that an old socket deposits at the same time", async () => {
  using kv = await openKv();
  await using there = makeContext(kv);
  await using here = makeContext(kv);
  for (let round = 0; round < 20; round++) {
    const id = await makeSession(there, ["a"]);
    await Promise.all([
      depositOffers(there, id, "socket", ["b", "c"]),
      openSession(here, id, "new socket", makeFirst(["a", "b", "c"])),
    ]);
    assertEquals(await readOffers(here, id), { counted: 3, offers: ["a", "b", "c"] });
  }
});

Deno.test("depositOffers() adds offers once though the store takes its commit twice", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["a"]);
  const { offer } = await leaseOffer(context, id) as Lease;
  await using broken = { ...makeContext(repeatCommits(kv)), isolate: context.isolate };
  await depositOffers(broken, id, "socket", ["a", "b", "c", "d"]);
  assertEquals(await readOffers(context, id), { counted: 4, offers: ["a", "b", "c", "d"] });
  const leases = await Promise.all(listOffers(3).map(() => leaseOffer(context, id)));
  assertEquals(leases.map((lease) => (lease as Lease).offer).toSorted(), ["b", "c", "d"]);
  assertEquals(offer, "a");
});

Deno.test("openSession() opens and returns once though the store takes a commit of it twice", async () => {
  using kv = await openKv();
  await using broken = makeContext(repeatCommits(kv));
  const id = await makeSession(broken, ["a", "b"]);
  const first = makeFirst(["b", "c", "d", "e"]);
  assertEquals(await openSession(broken, id, "new socket", first), { how: "returned", term: 1 });
  const { counted, offers } = await readOffers(broken, id);
  assertEquals([counted, offers], [5, ["a", "b", "c", "d", "e"]], "what is undeclared goes later");
});

Deno.test("openSession() takes the session from no socket for one that is closed by then", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["a"]);
  const first = makeFirst(["b"]);
  assertEquals(await openSession(context, id, "ghost", first, { isOpen: () => false }), "gone");
  assertEquals((await findSession(context, id) as Session).holder?.socket, "socket");
  assertEquals(await readOffers(context, id), { counted: 1, offers: ["a"] });
});
