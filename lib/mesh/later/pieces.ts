/**
 * Messages that are longer than a frame, in pieces: the first byte says PIECE and the kind; in the
 * first piece the whole length follows (uint32, big endian), and in each the bytes. They come in
 * order with no other message between them, so they need no number. A piece without a byte says
 * that the rest will not come. Who receives may say `refuse` and which message, counted from 1.
 */
import type { Refuse } from "../../protocol/later.ts";
import { FoyerError } from "../errors.ts";
import type { Link } from "../link.ts";
import {
  decode,
  type Encoded,
  FRAME,
  MAX_MESSAGE,
  type Message,
  PIECE,
  toFrame,
} from "../messages.ts";

export interface SendOptions {
  /** How many bytes of how many are handed to the browser, which holds up to 1 MiB more. */
  onprogress?(sent: number, total: number): void;
  /** Stops it: what is not sent yet is not sent, and the other side forgets what it has. */
  signal?: AbortSignal;
}

export interface Progress {
  peerId: string;
  /** Bytes that are here. */
  received: number;
  /** Bytes of the whole message. */
  total: number;
  /** Forgets it; its sender's send() fails with `refused`. */
  refuse(): void;
}

/** Smaller pieces than this would let a peer make us hold millions of them. */
const MIN_PIECE = 1_024;
/** The byte that says PIECE, and the length. */
const HEAD = 5;
const STOP = Uint8Array.of(PIECE);

/** The frames of a message. */
export function* split({ kind, bytes }: Encoded): Generator<Uint8Array<ArrayBuffer>> {
  for (let start = 0, head = HEAD; start < bytes.length; head = 1) {
    const piece = bytes.subarray(start, start += FRAME - head);
    const frame = new Uint8Array(head + piece.length);
    if (head === HEAD) new DataView(frame.buffer).setUint32(1, bytes.length);
    frame[0] = PIECE | kind;
    frame.set(piece, head);
    yield frame;
  }
}

/** Puts the pieces of one sender together again. */
export interface Assembly {
  /** Which message this is, from 1; how much of it is here and how long it is, in bytes. */
  readonly number: number;
  readonly received: number;
  readonly total: number;
  readonly isRefused: boolean;
  /**
   * The message that `frame` makes whole, or undefined while more of it must come.
   * @throws where the sender does not keep to the rules: nothing more of it can be understood.
   */
  add(frame: ArrayBuffer): Message | undefined;
  /** Drops what is here and what comes of this message. */
  refuse(): void;
}

export function createAssembly(maxMessage = MAX_MESSAGE): Assembly {
  let kind = 0;
  let pieces: Uint8Array[] | null = null;
  const assembly = {
    number: 0,
    received: 0,
    total: 0,
    get isRefused() {
      return !pieces;
    },
    add,
    refuse,
  };
  return assembly;

  function add(frame: ArrayBuffer): Message | undefined {
    if (frame.byteLength === 1) return forget();
    const isFirst = assembly.received === assembly.total;
    if (isFirst) begin(frame);
    const piece = new Uint8Array(frame, isFirst ? HEAD : 1);
    const received = assembly.received += piece.length;
    const isLast = received === assembly.total;
    const isSmall = !isLast && piece.length < MIN_PIECE;
    if (new Uint8Array(frame)[0] !== kind || received > assembly.total || isSmall) {
      throw new RangeError("not a piece that can come next");
    }
    pieces?.push(piece);
    if (isLast && pieces) return join(pieces);
  }

  function begin(frame: ArrayBuffer): void {
    kind = new Uint8Array(frame)[0];
    pieces = [];
    assembly.number++;
    assembly.received = 0;
    assembly.total = new DataView(frame).getUint32(1);
    if (assembly.total > maxMessage) throw new RangeError("longer than a message may be");
  }

  function join(pieces: Uint8Array[]): Message {
    const whole = new Uint8Array(assembly.total);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    pieces.length = 0;
    return decode(kind & ~PIECE, whole);
  }

  function forget(): undefined {
    pieces = null;
    assembly.received = assembly.total = 0;
  }

  function refuse(): void {
    pieces = null;
  }
}

export interface Pieces {
  send: Send;
  take(link: Link, frame: ArrayBuffer): Message | undefined;
  stop(link: Link, frame: Refuse): void;
}

type Send = (
  link: Link,
  message: Encoded,
  options: SendOptions | undefined,
  turn: Promise<void>,
) => Promise<void>;

interface Line {
  readonly assembly: Assembly;
  /** How many messages in pieces were begun. */
  begun: number;
  /** Stops the one that is under way. */
  stop(reason: unknown): void;
}

/** `onprogress` hears of each piece that came. */
export function createPieces(onprogress: (progress: Progress) => void): Pieces {
  const lines = new WeakMap<Link, Line>();

  function lineOf(link: Link): Line {
    const line = lines.get(link) ?? { assembly: createAssembly(), begun: 0, stop() {} };
    lines.set(link, line);
    return line;
  }

  const send: Send = async (link, message, { onprogress, signal } = {}, turn) => {
    signal?.throwIfAborted();
    const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
    const abort = () => stop(signal!.reason);
    signal?.addEventListener("abort", abort);
    const line = lineOf(link);
    const total = message.bytes.length;
    const isShort = total < FRAME;
    let sent = 0;
    try {
      await Promise.race([stopped, turn]);
      for (const frame of isShort ? [toFrame(message)] : split(message)) {
        await Promise.race([stopped, link.ready()]);
        link.post(frame);
        if (!isShort && sent === 0) {
          line.begun++;
          line.stop = stop;
        }
        sent += frame.length - (isShort || sent > 0 ? 1 : HEAD);
        onprogress?.(sent, total);
      }
    } catch (error) {
      if (sent > 0 && sent < total && link.isOpen) link.post(STOP);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  };

  function take(link: Link, frame: ArrayBuffer): Message | undefined {
    const { assembly } = lineOf(link);
    const message = assembly.add(frame);
    const { number, received, total, isRefused } = assembly;
    if (total > 0 && !isRefused) {
      const refuse = () => {
        if (number !== assembly.number || assembly.received === total) return;
        assembly.refuse();
        link.sendControl({ type: "refuse", message: number });
      };
      onprogress({ peerId: link.id, received, total, refuse });
    }
    return message;
  }

  function stop(link: Link, { message }: Refuse): void {
    const { begun, stop } = lineOf(link);
    if (message === begun) stop(new FoyerError("refused", "The other side wants no more of it"));
  }

  return { send, take, stop };
}
