import { assert, assertEquals } from "@std/assert";
import { until } from "../contract/harness.ts";
import { createLimits, type Limits } from "../../lib/signalling/limits.ts";
import { createStore } from "../../lib/signalling/store.ts";
import { openKv } from "./make_context.ts";

const MINUTE = 60_000;

/** An isolate's limits, with the clock of the test. */
function openLimits(
  kv: Deno.Kv,
  { isolate = "here", clock = { now: 1_000 * MINUTE }, limit = 60, sessions = 100 } = {},
) {
  const store = createStore(kv);
  const allowance = { limitPerMinute: limit, sessionsPerAddress: sessions };
  const limits = createLimits({ store, isolate, now: () => clock.now, ...allowance });
  return Object.assign(limits, { [Symbol.asyncDispose]: () => limits.close() });
}

/** How many of `count` requests are taken. */
function request(limits: Limits, count: number, address = "a", session: string | null = null) {
  return Array.from({ length: count }, () => limits.request(address, session))
    .filter((wait) => wait === 0).length;
}

async function listTold(kv: Deno.Kv) {
  return await Array.fromAsync(kv.list<{ counts: object }>({ prefix: ["limit"] }));
}

Deno.test("request() takes as many as the limit in a minute, wherever the minute begins", async () => {
  using kv = await openKv();
  const clock = { now: 1_000 * MINUTE + 50_000 };
  await using limits = openLimits(kv, { clock });
  assertEquals(request(limits, 40), 40);
  clock.now += 11_000;
  assertEquals(request(limits, 100), 20, "40 and a little less than a second's worth before");
  clock.now += 30_000;
  assertEquals(request(limits, 100), 20);
});

Deno.test("request() tells when there is room again, and that is true", async () => {
  using kv = await openKv();
  for (const [limit, start] of [[60, 0], [60, 30_000], [8, 10_000], [1, 0]]) {
    const clock = { now: 1_000 * MINUTE + start };
    await using limits = openLimits(kv, { clock, limit });
    request(limits, limit);
    clock.now += 5_000;
    const wait = limits.request("a", null);
    assert(wait > 0 && wait <= 120, `${wait} seconds`);
    clock.now += wait * 1_000;
    assertEquals(limits.request("a", null), 0, `limit ${limit}, after ${wait} seconds`);
  }
});

Deno.test("request() counts no refused request: who then keeps to the limit is let in", async () => {
  using kv = await openKv();
  const clock = { now: 1_000 * MINUTE };
  await using limits = openLimits(kv, { clock });
  request(limits, 10_000);
  clock.now += 2 * MINUTE;
  assertEquals(request(limits, 60), 60);
});

Deno.test("request() counts addresses apart, and a session for all of them", async () => {
  using kv = await openKv();
  await using limits = openLimits(kv);
  const addresses = ["a", "b", "c", "d"];
  assertEquals(addresses.map((address) => request(limits, 50, address, "s")), [50, 50, 20, 0]);
  assertEquals(request(limits, 50, "d", "another"), 50);
});

Deno.test("create() takes a twentieth of the limit, and at least one", async () => {
  using kv = await openKv();
  await using limits = openLimits(kv, { limit: 100 });
  await using small = openLimits(kv, { limit: 2 });
  const create = (limits: Limits) =>
    Array.from({ length: 20 }, () => limits.create("a")).filter((wait) => wait === 0).length;
  assertEquals([create(limits), create(small)], [5, 1]);
});

Deno.test("hold() gives as many as there may be, and each back once", async () => {
  using kv = await openKv();
  await using limits = openLimits(kv, { sessions: 2 });
  const [one] = [limits.hold("a"), limits.hold("a")];
  assertEquals(limits.hold("a"), null);
  assert(limits.hold("b"));
  one!();
  one!();
  assert(limits.hold("a"));
  assertEquals(limits.hold("a"), null);
});

Deno.test("a limit of 0 is none", async () => {
  using kv = await openKv();
  await using limits = openLimits(kv, { limit: 0, sessions: 1 });
  assertEquals(request(limits, 100_000), 100_000);
  assertEquals([limits.create("a"), limits.create("a")], [0, 0]);
  assert(limits.hold("a") && limits.hold("a"));
});

Deno.test("isolates add up what passes a fraction of its limit", async () => {
  using kv = await openKv();
  await using here = openLimits(kv);
  await using there = openLimits(kv, { isolate: "there" });
  assertEquals(request(here, 50), 50);
  assertEquals(request(there, 5), 5);
  await until("the two to know of each other", async () => {
    await Promise.resolve();
    return request(there, 1) + request(here, 1);
  }, (taken) => taken === 0);
  assert(request(there, 100, "b") === 60, "another address");
});

Deno.test("isolates add up the sockets that an address holds", async () => {
  using kv = await openKv();
  await using here = openLimits(kv);
  await using there = openLimits(kv, { isolate: "there" });
  const held = Array.from({ length: 60 }, () => here.hold("a")!);
  let count = 0;
  await until("the other to refuse", () => {
    if (there.hold("a")) count++;
    return Promise.resolve(count >= 7 && there.hold("a") === null);
  }, Boolean);
  assert(count < 100);
  held.forEach((letGo) => letGo());
  await until("the other to give again", () => Promise.resolve(there.hold("a")), Boolean);
});

Deno.test("nothing is stored of those who do not come near a limit, and no address ever", async () => {
  using kv = await openKv();
  await using limits = openLimits(kv, { limit: 1_600 });
  for (let i = 0; i < 500; i++) request(limits, 90, `203.0.113.${i}`, `session ${i}`);
  request(limits, 1_600, "198.51.100.7");
  const [{ value }] = await until(
    "the count to be told",
    () => listTold(kv),
    (told) => told.length > 0,
  );
  assertEquals(Object.keys(value.counts).length, 1);
  assert(!JSON.stringify(value).includes("198.51.100.7"));
});
