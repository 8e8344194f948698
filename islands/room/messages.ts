/**
 * What people's rooms say to each other over the mesh. A chat line is a plain string, so that pages
 * with other software can take part; everything else is JSON, and pieces of files are bytes:
 *
 *   everyone        Hello      my name, my open links and my part in the call, at every change
 *   sender   ->     FileOffer  may I send you this?
 *   receiver ->     Mark       take | refuse | got
 *   sender   ->     bytes      the file's number (uint32, big endian), then the piece
 *   sender   ->     Mark       stop
 */
import * as v from "valibot";

/** Most bytes of one file. */
export const MAX_FILE = 100 * 1024 * 1024;
/** Longest chat line in UTF-16 code units; longer ones are cut. */
export const MAX_LINE = 4_000;
/** Most people one hello can name. */
const MAX_PEERS = 64;

const peerId = v.pipe(v.string(), v.maxLength(64));
/** Number of a file, chosen by its sender. */
const file = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));

const Hello = v.object({
  type: v.literal("hello"),
  name: v.pipe(v.string(), v.maxLength(200)),
  peers: v.pipe(v.array(peerId), v.maxLength(MAX_PEERS)),
  /** The sender has just come and wants a hello back. */
  ask: v.optional(v.boolean()),
  /** The sender is in the call. */
  call: v.optional(v.object({ camera: v.boolean(), microphone: v.boolean() })),
});
const FileOffer = v.object({
  type: v.literal("file"),
  file,
  name: v.pipe(v.string(), v.maxLength(1_000)),
  /** Bytes. */
  size: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
const Mark = v.object({ type: v.picklist(["take", "refuse", "got", "stop"]), file });

const Message = v.variant("type", [Hello, FileOffer, Mark]);

export type Hello = v.InferOutput<typeof Hello>;
export type FileOffer = v.InferOutput<typeof FileOffer>;
export type Mark = v.InferOutput<typeof Mark>;
export type Message = v.InferOutput<typeof Message>;

/** `data` as a message, or null where it is none: a peer may send anything. */
export function readMessage(data: unknown): Message | null {
  const result = v.safeParse(Message, data);
  return result.success ? result.output : null;
}

const HEAD = 4;

export function packPiece(file: number, piece: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + piece.byteLength);
  new DataView(bytes.buffer).setUint32(0, file);
  bytes.set(new Uint8Array(piece), HEAD);
  return bytes;
}

export function unpackPiece(bytes: ArrayBuffer): { file: number; piece: ArrayBuffer } | null {
  if (bytes.byteLength <= HEAD) return null;
  return { file: new DataView(bytes).getUint32(0), piece: bytes.slice(HEAD) };
}
