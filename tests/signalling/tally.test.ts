import { assertEquals } from "@std/assert";
import { createTally } from "../../lib/signalling/tally.ts";

const FULL = { offers: 4, consumed: 0, answered: 0 };
const status = (offers: number, consumed: number) => ({
  type: "status" as const,
  offers,
  consumed,
});
const want = (count: number) => ({ type: "want" as const, count });

Deno.test("a tally says nothing before the store was read, and each state of the counter once", () => {
  const tally = createTally();
  tally.move({ consumed: 1 });
  assertEquals(tally.report(0, 0), []);
  tally.set(FULL);
  assertEquals(tally.report(0, 0), [status(4, 0)]);
  assertEquals(tally.report(0, 0), []);
  tally.move({ consumed: 1 });
  assertEquals(tally.report(0, 0), [status(4, 1)]);
  tally.move({ answered: 1 });
  assertEquals(tally.report(0, 0), []);
});

Deno.test("a tally wants a low pool full again, and no offer twice", () => {
  const tally = createTally();
  tally.set({ ...FULL, consumed: 3 });
  assertEquals(tally.report(0, 0), [status(4, 3), want(3)]);
  tally.move({ consumed: 1 });
  assertEquals(tally.report(0, 0), [status(4, 4), want(1)]);
  tally.takeDeposit(3);
  tally.move({ offers: 3 });
  assertEquals(tally.report(0, 0), [status(7, 4)]);
});

Deno.test("a tally wants an offer more for each joiner that waits", () => {
  const tally = createTally();
  tally.set({ ...FULL, consumed: 4 });
  assertEquals(tally.report(8, 0), [status(4, 4), want(12)]);
});

Deno.test("a tally wants again what did not come in five seconds", () => {
  const tally = createTally();
  tally.set({ ...FULL, consumed: 4 });
  assertEquals(tally.report(0, 0), [status(4, 4), want(4)]);
  assertEquals(tally.report(0, 4_999), []);
  assertEquals(tally.report(0, 5_000), [want(4)]);
});

Deno.test("a tally wants no more than a primary should hold, however many leases robots take", () => {
  const tally = createTally();
  tally.set({ offers: 40, consumed: 40, answered: 25 });
  assertEquals(tally.report(0, 0), [status(40, 40), want(1)]);
});
