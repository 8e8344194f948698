/**
 * gzip (RFC 1952) of a page whose greater part is always the same: each piece is deflated by itself, up
 * to a byte boundary and without looking back (RFC 1951, as zlib's Z_FULL_FLUSH leaves it), so that the
 * constant ones are deflated once and only the rest at each request.
 */
import { constants, crc32, deflateRawSync } from "node:zlib";

export interface Piece {
  bytes: Uint8Array;
  deflated: Uint8Array;
}

const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** An empty last block. */
const END = Uint8Array.of(3, 0);
/** Longer ones are constants of the program: there are few, and they are deflated once. */
const CONSTANT_FROM = 2_048;
const constantPieces = new Map<string, Piece>();
/** Shorter ones are stored as they are: zlib's stream would take longer, and save a few bytes. */
const DEFLATE_FROM = 128;

const encoder = new TextEncoder();

export function deflatePiece(text: string): Piece {
  const known = constantPieces.get(text);
  if (known) return known;
  const bytes = encoder.encode(text);
  if (bytes.length < DEFLATE_FROM) return { bytes, deflated: storeBytes(bytes) };
  const isConstant = text.length >= CONSTANT_FROM;
  const level = isConstant ? 9 : 6;
  const piece = {
    bytes,
    deflated: deflateRawSync(bytes, { level, finishFlush: constants.Z_FULL_FLUSH }),
  };
  if (isConstant) constantPieces.set(text, piece);
  return piece;
}

/** A stored block that is not the last (RFC 1951 section 3.2.4). */
function storeBytes(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(5 + bytes.length);
  const view = new DataView(block.buffer);
  view.setUint16(1, bytes.length, true);
  view.setUint16(3, ~bytes.length & 0xffff, true);
  block.set(bytes, 5);
  return block;
}

export function joinPieces(pieces: Piece[]): Uint8Array<ArrayBuffer> {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, pieces.reduce((crc, { bytes }) => crc32(bytes, crc), 0), true);
  trailer.setUint32(4, pieces.reduce((sum, { bytes }) => sum + bytes.length, 0), true);
  const parts = [
    HEADER,
    ...pieces.map(({ deflated }) => deflated),
    END,
    new Uint8Array(trailer.buffer),
  ];
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
