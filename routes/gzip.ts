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

export function deflatePiece(text: string): Piece {
  const known = constantPieces.get(text);
  if (known) return known;
  const bytes = new TextEncoder().encode(text);
  const piece = {
    bytes,
    deflated: deflateRawSync(bytes, { level: 9, finishFlush: constants.Z_FULL_FLUSH }),
  };
  if (text.length >= CONSTANT_FROM) constantPieces.set(text, piece);
  return piece;
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
