import { assertEquals } from "@std/assert";
import { type Lease, leaseOffer } from "../../lib/signalling/lease.ts";
import { nameHolder } from "../../lib/signalling/share.ts";
import { listOffers, makeContext, makeSession, openKv } from "./make_context.ts";

Deno.test("leaseOffer() leaves the leases of one address alone until a browser would have answered", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, listOffers(4));
  const school = listOffers(4).map(() => leaseOffer(context, id, "school"));
  const held = (await Promise.all(school)).map((lease) => (lease as Lease).offer);
  clock.now += 1_900;
  assertEquals(await leaseOffer(context, id, "other"), "no-free-offer");
  clock.now += 200;
  const { offer } = await leaseOffer(context, id, "other") as Lease;
  assertEquals(held.includes(offer), true);
});

Deno.test("leaseOffer() takes the oldest lease, wherever it was granted, and for each who waits another", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using here = makeContext(kv, { clock });
  await using there = makeContext(kv, { clock });
  const id = await makeSession(here, listOffers(6));
  const held: string[] = [];
  for (let i = 0; i < 6; i++) {
    held.push((await leaseOffer(i % 2 ? here : there, id, "hoarder") as Lease).offer);
    clock.now += 10;
  }
  clock.now += 5_000;
  const others = await Promise.all(
    ["a", "b", "c", "d", "e"].map((holder) => leaseOffer(here, id, holder)),
  );
  const taken = others.filter((lease) => typeof lease !== "string").map(({ offer }) => offer);
  assertEquals(taken.toSorted(), held.slice(0, 3).toSorted());
  assertEquals(await leaseOffer(there, id, "hoarder"), "no-free-offer");
});

Deno.test("leaseOffer() takes a lease from nobody for one who does not say who it is", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, listOffers(4));
  for (let i = 0; i < 4; i++) await leaseOffer(context, id, "hoarder");
  clock.now += 5_000;
  assertEquals(await leaseOffer(context, id), "no-free-offer");
});

Deno.test("nameHolder() is the same for an address in a session, another in another, and not the address", () => {
  const name = nameHolder("session one", "203.0.113.1");
  assertEquals(nameHolder("session one", "203.0.113.1"), name);
  assertEquals(nameHolder("session two", "203.0.113.1") === name, false);
  assertEquals(nameHolder("session one", "203.0.113.2") === name, false);
  assertEquals(name.includes("203"), false);
});
