import { assertEquals } from "@std/assert";
import { createRefusals } from "../../lib/signalling/refusals.ts";

/** Asks `count` times in a row; `refused` has those that were turned away so far. */
function makeRefusals() {
  const refusals = createRefusals();
  const refused: number[] = [];
  return {
    refused,
    close: refusals.close,
    ask: (first: number, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) =>
        refusals.take(() => {
          refused.push(first + i);
        }))),
  };
}

Deno.test("a few are turned away at once, and those after them in their order", async () => {
  const { ask, refused, close } = makeRefusals();
  const all = ask(0, 10);
  assertEquals(refused, [0, 1, 2, 3]);
  await all;
  assertEquals(refused, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  close();
});

Deno.test("where five hundred wait nobody else does, and none of them is forgotten", async () => {
  const { ask, refused, close } = makeRefusals();
  const all = ask(0, 4 + 512);
  assertEquals(refused.length, 4);
  ask(1_000, 3);
  assertEquals(refused, [0, 1, 2, 3, 1_000, 1_001, 1_002]);
  await all;
  assertEquals(refused.length, 4 + 512 + 3);
  close();
});

Deno.test("at the end all who wait are turned away, and from then on everybody at once", async () => {
  const { ask, refused, close } = makeRefusals();
  const all = ask(0, 20);
  close();
  await all;
  assertEquals(refused.length, 20);
  ask(20, 20);
  assertEquals(refused.length, 40);
});
