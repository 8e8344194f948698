/**
 * Messages of the application as binary frames: one byte that says the kind, then the bytes. Those
 * that are longer than a frame come in pieces (pieces.ts).
 */
import { FoyerError } from "./errors.ts";

/** A plain object or an array, sent as JSON. */
export type Json = { [name: string]: unknown } | unknown[];
/** What can be sent. Binary data must not change until send() has resolved. */
export type Data = string | ArrayBuffer | ArrayBufferView | Json;
/** What arrives. */
export type Message = string | ArrayBuffer | Json;

/** Longest message in bytes. */
export const MAX_MESSAGE = 64 * 1024 * 1024;
/** Bytes of a whole frame: every browser takes 64 KiB (RFC 8831 section 6.6 wants small ones). */
export const FRAME = 65_536;

const TEXT = 1, BINARY = 2, JSON_VALUE = 3;
/** Set in the first byte of a frame that is a piece of a message. */
export const PIECE = 0x80;

export interface Encoded {
  kind: number;
  bytes: Uint8Array;
}

/**
 * @throws {FoyerError} `too-large`
 * @throws {TypeError} where `data` is none of the kinds.
 */
export function encode(data: Data): Encoded {
  const encoded = toBytes(data);
  if (encoded.bytes.length > MAX_MESSAGE) {
    throw new FoyerError("too-large", `A message has at most ${MAX_MESSAGE} bytes: send slices`);
  }
  return encoded;
}

function toBytes(data: Data): Encoded {
  if (typeof data === "string") return { kind: TEXT, bytes: new TextEncoder().encode(data) };
  if (ArrayBuffer.isView(data)) {
    return { kind: BINARY, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  }
  const type = Object.prototype.toString.call(data);
  if (type === "[object ArrayBuffer]") {
    return { kind: BINARY, bytes: new Uint8Array(data as ArrayBuffer) };
  }
  if (type !== "[object Object]" && type !== "[object Array]") {
    throw new TypeError(`A message is text, bytes, a plain object or an array, not ${type}`);
  }
  return { kind: JSON_VALUE, bytes: new TextEncoder().encode(JSON.stringify(data)) };
}

/** A message that fits one frame, as that frame. */
export function toFrame({ kind, bytes }: Encoded): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(bytes.length + 1);
  frame[0] = kind;
  frame.set(bytes, 1);
  return frame;
}

/** @throws where the sender does not keep to the rules. */
export function readFrame(frame: ArrayBuffer): Message {
  return decode(new Uint8Array(frame)[0], new Uint8Array(frame).slice(1));
}

/** @throws where they are no message of that kind. */
export function decode(kind: number, bytes: Uint8Array<ArrayBuffer>): Message {
  if (kind === BINARY) return bytes.buffer;
  const text = new TextDecoder(undefined, { ignoreBOM: true }).decode(bytes);
  if (kind === TEXT) return text;
  if (kind === JSON_VALUE) return JSON.parse(text);
  throw new RangeError("not a kind of message");
}
