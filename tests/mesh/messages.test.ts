import { assertEquals, assertThrows } from "@std/assert";
import { FoyerError } from "../../lib/mesh/errors.ts";
import {
  type Data,
  encode,
  FRAME,
  MAX_MESSAGE,
  readFrame,
  toFrame,
} from "../../lib/mesh/messages.ts";

const pass = (data: Data) => readFrame(toFrame(encode(data)).buffer);

Deno.test("A message arrives as it was sent: text", () => {
  for (const text of ["", "a", "\uFEFFwith a mark", "ä€😀".repeat(5_000)]) {
    assertEquals(pass(text), text);
  }
});

Deno.test("A message arrives as it was sent: the part of a buffer that a view shows", () => {
  const { buffer } = Uint8Array.from({ length: 100 }, (_, i) => i * 31);
  assertEquals(pass(buffer), buffer);
  assertEquals(pass(new DataView(buffer, 10, 20)), buffer.slice(10, 30));
  assertEquals(pass(new Uint16Array(buffer, 10, 20)), buffer.slice(10, 50));
});

Deno.test("A message arrives as it was sent: plain objects and arrays", () => {
  for (const value of [{}, [], { a: [1, null, { b: "c" }] }, [[]]]) {
    assertEquals(pass(value), value);
  }
});

Deno.test("toFrame() takes the longest message that is sent whole into one frame", () => {
  assertEquals(toFrame(encode(new ArrayBuffer(FRAME - 1))).length, FRAME);
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

Deno.test("readFrame() refuses what is no message", () => {
  const cases: Record<string, number[]> = {
    "an empty frame": [],
    "a kind that does not exist": [9, 1],
    "JSON that is none": [3, 0x7b],
  };
  for (const [name, bytes] of Object.entries(cases)) {
    assertThrows(() => readFrame(new Uint8Array(bytes).buffer), Error, undefined, name);
  }
});
