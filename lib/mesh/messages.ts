/**
 * Messages of the application as binary frames: one byte that says the kind and whether more of
 * this message follows, then bytes. The pieces of a message come in order with no other message
 * between them, so they need no number.
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
const FRAME = 65_536;
/** Smaller pieces than this would let a peer make us hold millions of them. */
const MIN_PIECE = 1_024;

const TEXT = 1, BINARY = 2, JSON_VALUE = 3;
/** Set in the first byte where more pieces follow. */
const MORE = 0x80;

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
    throw new FoyerError("too-large", `A message has at most ${MAX_MESSAGE} bytes`);
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

/** The frames of a message. */
export function* split({ kind, bytes }: Encoded): Generator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start === 0 || start < bytes.length; start += FRAME - 1) {
    const piece = bytes.subarray(start, start + FRAME - 1);
    const frame = new Uint8Array(piece.length + 1);
    frame[0] = start + piece.length < bytes.length ? kind | MORE : kind;
    frame.set(piece, 1);
    yield frame;
  }
}

/** Puts the frames of one sender together again. */
export interface Assembly {
  /**
   * The message that `frame` makes whole, or undefined while more of it must come.
   * @throws where the sender does not keep to the rules: nothing more of it can be understood.
   */
  add(frame: ArrayBuffer): Message | undefined;
}

export function createAssembly(maxMessage = MAX_MESSAGE): Assembly {
  let kind = 0;
  let size = 0;
  let pieces: Uint8Array[] = [];

  function add(frame: ArrayBuffer): Message | undefined {
    const [head] = new Uint8Array(frame, 0, 1);
    const piece = new Uint8Array(frame, 1);
    const isLast = head < MORE;
    const isNext = pieces.length === 0 || kind === (head & ~MORE);
    kind = head & ~MORE;
    size += piece.length;
    if (!isNext || size > maxMessage || (!isLast && piece.length < MIN_PIECE)) {
      throw new RangeError("not a frame that can come next");
    }
    pieces.push(piece);
    return isLast ? finish() : undefined;
  }

  function finish(): Message {
    const bytes = new Uint8Array(size);
    size = 0;
    for (const piece of pieces) {
      bytes.set(piece, size);
      size += piece.length;
    }
    pieces = [];
    size = 0;
    return decode(kind, bytes);
  }

  return { add };
}

function decode(kind: number, bytes: Uint8Array<ArrayBuffer>): Message {
  if (kind === BINARY) return bytes.buffer;
  const text = new TextDecoder(undefined, { ignoreBOM: true }).decode(bytes);
  if (kind === TEXT) return text;
  if (kind === JSON_VALUE) return JSON.parse(text);
  throw new RangeError("not a kind of message");
}
