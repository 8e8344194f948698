import { assertEquals, assertRejects } from "@std/assert";
import { delay, within } from "../../lib/mesh/delay.ts";

const NEVER = new Promise<never>(() => {});
const LONG = 1e9;

Deno.test("within() gives the value that comes in time", async () => {
  assertEquals(await within(LONG, Promise.resolve("here")), "here");
});

Deno.test("within() gives undefined when time is up", async () => {
  assertEquals(await within(0, NEVER), undefined);
});

Deno.test("within() rejects as its promise does", async () => {
  await assertRejects(() => within(LONG, Promise.reject(new RangeError("why"))), RangeError, "why");
});

Deno.test("within() and delay() reject with the reason of the signal", async () => {
  const stop = new AbortController();
  const waits = [within(LONG, NEVER, stop.signal), delay(LONG, stop.signal)];
  stop.abort(new RangeError("why"));
  for (const wait of waits) await assertRejects(() => wait, RangeError, "why");
  await assertRejects(() => delay(0, stop.signal), RangeError, "why");
});
