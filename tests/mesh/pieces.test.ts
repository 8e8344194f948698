import { assertEquals, assertThrows } from "@std/assert";
import { type Data, encode, FRAME, type Message, PIECE } from "../../lib/mesh/messages.ts";
import { createAssembly, split } from "../../lib/mesh/later/pieces.ts";

const TEXT = PIECE | 1, JSON_VALUE = PIECE | 3;

/** What comes out at the other end, after all of its pieces. */
function pass(data: Data, assembly = createAssembly()): Message | undefined {
  const results = [...split(encode(data))].map((frame) => assembly.add(frame.buffer));
  assertEquals(results.slice(0, -1).every((result) => result === undefined), true);
  return results.at(-1);
}

function fill(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i * 31);
}

/** A piece that begins a message of `total` bytes. */
function begin(kind: number, total: number, length: number): ArrayBuffer {
  const frame = new Uint8Array(5 + length);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, total);
  return frame.buffer;
}

Deno.test("A message in pieces arrives as it was sent: on both sides of each limit of a frame", () => {
  for (const length of [1, 65_531, 65_532, 131_066, 131_067, 1_000_000]) {
    const bytes = fill(length);
    assertEquals(pass(bytes.buffer), bytes.buffer);
  }
});

Deno.test("A message in pieces arrives as it was sent: text and objects", () => {
  const text = "\uFEFFä€😀".repeat(30_000);
  const value = { list: Array.from({ length: 20_000 }, (_, i) => ({ i, name: "ä" })) };
  assertEquals(pass(text), text);
  assertEquals(pass(value), value);
});

Deno.test("Messages in pieces that follow each other do not mix", () => {
  const assembly = createAssembly();
  assertEquals(pass("x".repeat(100_000), assembly), "x".repeat(100_000));
  assertEquals(pass(fill(70_000), assembly), fill(70_000).buffer);
});

Deno.test("split() makes no frame longer than 65,536 bytes", () => {
  const lengths = [...split(encode(fill(200_000)))].map((frame) => frame.length);
  assertEquals(lengths, [FRAME, FRAME, FRAME, 200_000 - 3 * FRAME + 5 + 3]);
});

Deno.test("add() tells how much of which message is here", () => {
  const assembly = createAssembly();
  pass(fill(70_000), assembly);
  const [first] = split(encode(fill(200_000)));
  assembly.add(first.buffer);
  const { number, received, total } = assembly;
  assertEquals({ number, received, total }, { number: 2, received: 65_531, total: 200_000 });
});

Deno.test("A message that its sender stops is forgotten, and the next one is whole", () => {
  const assembly = createAssembly();
  assembly.add([...split(encode(fill(200_000)))][0].buffer);
  assertEquals(assembly.add(Uint8Array.of(PIECE).buffer), undefined);
  assertEquals(pass("y".repeat(100_000), assembly), "y".repeat(100_000));
});

Deno.test("A message that is refused is dropped whether it comes whole or not", () => {
  const assembly = createAssembly();
  const frames = [...split(encode(fill(200_000)))];
  assembly.add(frames[0].buffer);
  assembly.refuse();
  for (const frame of frames.slice(1)) assertEquals(assembly.add(frame.buffer), undefined);
  assertEquals(pass("y".repeat(100_000), assembly), "y".repeat(100_000));
});

Deno.test("add() takes a message of exactly the largest size, and none above it", () => {
  assertEquals((pass(fill(100_000), createAssembly(100_000)) as ArrayBuffer).byteLength, 100_000);
  assertThrows(() => pass(fill(100_001), createAssembly(100_000)), RangeError);
});

Deno.test("add() refuses a piece that breaks the rules", () => {
  const next = new Uint8Array(2_000);
  next[0] = JSON_VALUE;
  const cases: Record<string, ArrayBuffer[]> = {
    "a first piece without its length": [Uint8Array.of(TEXT, 1).buffer],
    "a kind that does not exist": [begin(PIECE | 9, 1, 1)],
    "a kind that changes": [begin(TEXT, 9_000, 2_000), next.buffer],
    "more than it said": [begin(TEXT, 1_000, 2_000)],
    "a piece so small that millions of them cost little": [begin(TEXT, 9_000, 1)],
    "JSON that is none": [begin(JSON_VALUE, 1, 1)],
  };
  for (const [name, frames] of Object.entries(cases)) {
    const assembly = createAssembly();
    assertThrows(() => frames.forEach((frame) => assembly.add(frame)), Error, undefined, name);
  }
});
