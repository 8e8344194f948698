import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { delay } from "../../lib/signalling/delay.ts";
import {
  endLeases,
  giveBackOffer,
  type Lease,
  leaseNextOffer,
  leaseOffer,
} from "../../lib/signalling/lease.ts";
import { storeAnswer } from "../../lib/signalling/answer.ts";
import {
  depositOffers,
  dropUndeclared,
  endLapsedSession,
  openSession,
  releaseSession,
} from "../../lib/signalling/hosting.ts";
import { readCounts } from "../../lib/signalling/offer.ts";
import { DEFAULTS } from "../../lib/signalling/settings.ts";
import { listOffers, makeContext, makeFirst, makeSession, openKv } from "./make_context.ts";

Deno.test("leaseOffer() gives four offers to four of two hundred joiners, twenty times over", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  for (let round = 0; round < 20; round++) {
    const id = await makeSession(context, listOffers(4));
    const results = await Promise.all(
      Array.from({ length: 200 }, () => leaseOffer(context, id)),
    );
    const leases = results.filter((result) => typeof result !== "string");
    assertEquals(leases.map(({ offer }) => offer).sort(), listOffers(4));
    assertEquals(results.filter((result) => result === "no-free-offer").length, 196);
    assertEquals(await readCounts(context.store, id), { offers: 4, consumed: 4, answered: 0 });
  }
});

Deno.test("leaseOffer() gives each offer once when five isolates lease at the same time", async () => {
  using kv = await openKv();
  await using a = makeContext(kv);
  await using b = makeContext(kv);
  await using c = makeContext(kv);
  await using d = makeContext(kv);
  await using e = makeContext(kv);
  const isolates = [a, b, c, d, e];
  for (let round = 0; round < 10; round++) {
    const id = await makeSession(a, listOffers(16));
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => leaseOffer(isolates[i % 5], id)),
    );
    const offers = results.filter((result) => typeof result !== "string").map(({ offer }) => offer);
    assertEquals(offers.sort(), listOffers(16).sort());
  }
});

Deno.test("leaseOffer() finds an offer that another isolate deposited after this one saw none", async () => {
  using kv = await openKv();
  await using here = makeContext(kv);
  await using there = makeContext(kv);
  const id = await makeSession(there, ["first"]);
  await leaseOffer(here, id);
  assertEquals(await leaseOffer(here, id), "no-free-offer");
  await depositOffers(there, id, "socket", ["second"]);
  assertEquals((await leaseOffer(here, id) as Lease).offer, "second");
});

Deno.test("leaseOffer() does not read a drained pool for everyone who comes, until there is mail about it", async () => {
  using kv = await openKv();
  const { promise: mail, resolve: onMail } = Promise.withResolvers<string>();
  await using here = makeContext(kv, {
    onMail(session) {
      here.pool.doubt(session);
      onMail(session);
      return Promise.resolve();
    },
  });
  await using there = makeContext(kv);
  const id = await makeSession(here, ["only"]);
  const { offer, leaseExpiresAt } = await leaseOffer(here, id) as Lease;
  assertEquals(await leaseOffer(here, id), "no-free-offer");

  const { list } = here.store;
  let reads = 0;
  here.store.list = (prefix) => {
    reads++;
    return list(prefix);
  };
  for (let i = 0; i < 10; i++) assertEquals(await leaseOffer(here, id), "no-free-offer");
  assertEquals(reads, 0);

  await giveBackOffer(there, id, offer, leaseExpiresAt);
  assertEquals(await mail, id);
  assertEquals((await leaseOffer(here, id) as Lease).offer, "only");
});

Deno.test("leaseOffer() keeps what is deposited while it reads", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["first"]);
  await leaseOffer(context, id);
  const { list } = context.store;
  context.store.list = async (prefix) => {
    const entries = await list(prefix);
    context.store.list = list;
    await depositOffers(context, id, "socket", ["second"]);
    return entries as never;
  };
  assertEquals((await leaseOffer(context, id) as Lease).offer, "second");
});

Deno.test("depositOffers() asks the store before it says that the socket is another's", async () => {
  using kv = await openKv();
  await using here = makeContext(kv);
  const id = await makeSession(here, ["first"]);
  const old = here.pool.recall(id)!.session!;
  await openSession(here, id, "another socket", { ...makeFirst([]), offers: ["second"] });
  here.pool.showSession(old);
  assertEquals(await depositOffers(here, id, "another socket", ["third"]), { deposited: 1 });
});

Deno.test("leaseOffer() takes offers in random order", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const firsts = new Set<string>();
  for (let round = 0; round < 60; round++) {
    const id = await makeSession(context, listOffers(4));
    firsts.add((await leaseOffer(context, id) as Lease).offer);
  }
  assert(firsts.size > 1);
});

Deno.test("leaseOffer() leases an offer again when its lease has run out, and not a moment before", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, ["only"]);
  const first = await leaseOffer(context, id) as Lease;
  assertEquals(first.leaseExpiresAt, clock.now + DEFAULTS.leaseTime);
  clock.now += DEFAULTS.leaseTime - 1;
  assertEquals(await leaseOffer(context, id), "no-free-offer");
  clock.now += 1;
  const second = await leaseOffer(context, id) as Lease;
  assertEquals(second.offer, "only");
  assertNotEquals(second.leaseExpiresAt, first.leaseExpiresAt);
  assertEquals(await readCounts(context.store, id), { offers: 1, consumed: 1, answered: 0 });
});

Deno.test("endLeases() frees what ran out, moves the counter, and tells when the next one ends", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, listOffers(2));
  await leaseOffer(context, id);
  clock.now += 1_000;
  await leaseOffer(context, id);
  clock.now += DEFAULTS.leaseTime - 1_000;
  assertEquals(await endLeases(context, id), { ended: 1, next: 1_000 });
  assertEquals(await readCounts(context.store, id), { offers: 2, consumed: 1, answered: 0 });
});

Deno.test("giveBackOffer() frees the lease it names", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  const { leaseExpiresAt } = await leaseOffer(context, id) as Lease;
  assertEquals(await giveBackOffer(context, id, "only", leaseExpiresAt), "given-back");
  assertEquals(await readCounts(context.store, id), { offers: 1, consumed: 0, answered: 0 });
  assertEquals((await leaseOffer(context, id) as Lease).offer, "only");
});

Deno.test("giveBackOffer() leaves the lease of the next joiner alone", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, ["only"]);
  const first = await leaseOffer(context, id) as Lease;
  clock.now += DEFAULTS.leaseTime;
  await leaseOffer(context, id);
  assertEquals(await giveBackOffer(context, id, "only", first.leaseExpiresAt), "not-leased");
});

Deno.test("a session whose grace is over leases nothing, and one within it does", async () => {
  using kv = await openKv();
  const clock = { now: Date.now() };
  await using context = makeContext(kv, { clock });
  const id = await makeSession(context, listOffers(2));
  await releaseSession(context, id, "socket");
  clock.now += DEFAULTS.graceTime - 1;
  assertEquals(typeof await leaseOffer(context, id), "object");
  clock.now += 1;
  assertEquals(await leaseOffer(context, id), "ended");
});

Deno.test("openSession() on a return keeps the leases it declares and drops the rest", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["a", "b", "c", "d"]);
  const lease = await leaseOffer(context, id) as Lease;
  const other = listOffers(1)[0];
  const first = makeFirst([lease.offer, other]);
  assertEquals(await openSession(context, id, "second socket", first), {
    how: "returned",
    term: 1,
  });
  await dropUndeclared(context, id, "second socket", first.offers);
  assertEquals(await readCounts(context.store, id), { offers: 2, consumed: 1, answered: 0 });
  assertEquals((await leaseOffer(context, id) as Lease).offer, other);
  assertEquals(await leaseOffer(context, id), "no-free-offer");
});

Deno.test("leases and grace hold though the isolates' clocks are a minute apart", async () => {
  using kv = await openKv();
  const [slow, fast] = [{ now: Date.now() }, { now: Date.now() + 60_000 }];
  await using here = makeContext(kv, { clock: slow });
  await using there = makeContext(kv, { clock: fast });
  const pass = (time: number) => [slow, fast].forEach((clock) => clock.now += time);

  const id = await makeSession(here, ["only"]);
  await leaseOffer(here, id);
  assertEquals(await leaseOffer(there, id), "no-free-offer");
  pass(DEFAULTS.leaseTime - 1);
  assertEquals(await leaseOffer(there, id), "no-free-offer");
  pass(1);
  const lease = await leaseOffer(there, id) as Lease;
  assertEquals(lease.offer, "only");
  pass(DEFAULTS.leaseTime - 1);
  const result = await storeAnswer(here, id, { offer: "only", answer: "in time" }, () => {});
  assertEquals(result, { primary: "here" });

  await releaseSession(here, id, "socket");
  assertEquals(await leaseOffer(there, id), "no-free-offer");
  await endLapsedSession(there, id);
  pass(DEFAULTS.graceTime - 1);
  await endLapsedSession(there, id);
  assertEquals(await leaseOffer(there, id), "no-free-offer");
  pass(1);
  await endLapsedSession(there, id);
  assertEquals(await leaseOffer(there, id), "ended");
});

Deno.test("leaseNextOffer() waits for the refill that the primary was asked for", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["first"]);
  await leaseOffer(context, id);
  const waiting = [leaseNextOffer(context, id), leaseNextOffer(context, id)];
  while (context.pool.countWaiting(id) < 2) await delay(1);
  await depositOffers(context, id, "socket", ["second", "third"]);
  const leases = await Promise.all(waiting) as Lease[];
  assertEquals(leases.map(({ offer }) => offer).sort(), ["second", "third"]);
});

Deno.test("leaseNextOffer() sees a refill at another isolate", async () => {
  using kv = await openKv();
  await using here = makeContext(kv);
  await using there = makeContext(kv);
  const id = await makeSession(there, ["first"]);
  await leaseOffer(there, id);
  const waiting = leaseNextOffer(here, id);
  while (here.pool.countWaiting(id) < 1) await delay(1);
  await depositOffers(there, id, "socket", ["second"]);
  assertEquals((await waiting as Lease).offer, "second");
});

Deno.test("leaseNextOffer() does not wait for a primary that is away", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  await leaseOffer(context, id);
  await releaseSession(context, id, "socket");
  const result = leaseNextOffer(context, id);
  assertEquals(context.pool.countWaiting(id), 0);
  assertEquals(await result, "no-free-offer");
});
