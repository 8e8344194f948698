import { assertEquals, assertThrows } from "@std/assert";
import { FoyerError } from "../../lib/mesh/errors.ts";
import {
  createAssembly,
  type Data,
  encode,
  MAX_MESSAGE,
  type Message,
  split,
} from "../../lib/mesh/messages.ts";

const frameOf = (...bytes: number[]) => new Uint8Array(bytes).buffer;
const TEXT = 1, JSON_VALUE = 3, MORE = 0x80;

/** What comes out at the other end, after all of its frames. */
function pass(data: Data, assembly = createAssembly()): Message | undefined {
  const results = [...split(encode(data))].map((frame) => assembly.add(frame.buffer));
  assertEquals(results.slice(0, -1).every((result) => result === undefined), true);
  return results.at(-1);
}

function fill(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31);
}

Deno.test("A message arrives as it was sent: text", () => {
  for (const text of ["", "a", "\uFEFFwith a mark", "ä€😀".repeat(30_000)]) {
    assertEquals(pass(text), text);
  }
});

Deno.test("A message arrives as it was sent: bytes, on both sides of each limit of a frame", () => {
  for (const length of [0, 1, 65_534, 65_535, 65_536, 131_070, 131_071, 1_000_000]) {
    const bytes = fill(length);
    assertEquals(pass(bytes.buffer), bytes.buffer);
  }
});

Deno.test("A message arrives as it was sent: the part of a buffer that a view shows", () => {
  const { buffer } = fill(100);
  assertEquals(pass(new DataView(buffer, 10, 20)), buffer.slice(10, 30));
  assertEquals(pass(new Uint16Array(buffer, 10, 20)), buffer.slice(10, 50));
});

Deno.test("A message arrives as it was sent: plain objects and arrays", () => {
  const big = { list: Array.from({ length: 20_000 }, (_, i) => ({ i, name: "ä" })) };
  for (const value of [{}, [], { a: [1, null, { b: "c" }] }, [[]], big]) {
    assertEquals(pass(value), value);
  }
});

Deno.test("Messages that follow each other do not mix", () => {
  const assembly = createAssembly();
  assertEquals(pass("x".repeat(100_000), assembly), "x".repeat(100_000));
  assertEquals(pass([1], assembly), [1]);
  assertEquals(pass(fill(70_000), assembly), fill(70_000).buffer);
});

Deno.test("split() makes no frame longer than 65,536 bytes", () => {
  const lengths = [...split(encode(fill(200_000)))].map((frame) => frame.length);
  assertEquals(lengths, [65_536, 65_536, 65_536, 200_000 - 3 * 65_535 + 1]);
});

Deno.test("encode() refuses what would not arrive as it is", () => {
  for (const value of [new Blob([]), new Map(), new Date(), null, undefined, 1, () => {}]) {
    assertThrows(() => encode(value as unknown as Data), TypeError);
  }
});

Deno.test("encode() refuses a message that is too large", () => {
  encode(new ArrayBuffer(MAX_MESSAGE));
  const error = assertThrows(() => encode(new ArrayBuffer(MAX_MESSAGE + 1)), FoyerError);
  assertEquals(error.code, "too-large");
});

Deno.test("add() takes a message of exactly the largest size, and none above it", () => {
  assertEquals((pass(fill(100_000), createAssembly(100_000)) as ArrayBuffer).byteLength, 100_000);
  assertThrows(() => pass(fill(100_001), createAssembly(100_000)), RangeError);
});

Deno.test("add() refuses a frame that breaks the rules", () => {
  const first = new Uint8Array(2_000);
  first[0] = TEXT | MORE;
  const cases: Record<string, ArrayBuffer[]> = {
    "an empty frame": [frameOf()],
    "a kind that does not exist": [frameOf(9, 1)],
    "a kind that changes": [first.buffer, frameOf(JSON_VALUE, 1)],
    "a piece so small that millions of them cost little": [frameOf(TEXT | MORE, 1)],
    "JSON that is none": [frameOf(JSON_VALUE, 0x7b)],
  };
  for (const [name, frames] of Object.entries(cases)) {
    const assembly = createAssembly();
    assertThrows(() => frames.forEach((frame) => assembly.add(frame)), Error, undefined, name);
  }
});
