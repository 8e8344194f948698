import type { Session } from "../../lib/mesh/client.ts";
import { cleanFileName } from "./clean_text.ts";
import { type FileOffer, type Mark, MAX_FILE, packPiece, unpackPiece } from "./messages.ts";

/** Bytes of a file in one message: with its head it fits the 64 KiB that every browser takes. */
const PIECE = 64 * 1024 - 1024;
/** Pieces are folded into a Blob at this many: browsers keep Blobs out of the page's memory. */
const FOLD = 128;
/** Most bytes of received files this page holds, and of those it has promised to take. */
const MAX_HELD = 512 * 1024 * 1024;
/** Most received files this page holds. */
const MAX_FILES = 50;

/** `lost`: the other end left or does not take it; `stopped`: somebody here pressed the button. */
export type TransferState = "moving" | "done" | "lost" | "stopped";

/** A file on its way to everybody, as its sender sees it. */
export interface Sending {
  readonly kind: "sending";
  readonly file: number;
  readonly name: string;
  readonly size: number;
  state: TransferState;
  /** Bytes handed over and whether it arrived whole, for each person who takes it. */
  readonly takers: Map<string, { moved: number; hasAll: boolean }>;
}

/** A file on its way here. */
export interface Receiving {
  readonly kind: "receiving";
  readonly file: number;
  readonly name: string;
  readonly size: number;
  state: TransferState;
  readonly from: string;
  moved: number;
  /** Where the page holds it, once it is done. */
  url: string | null;
}

export type Transfer = Sending | Receiving;

interface Held {
  transfer: Receiving;
  parts: BlobPart[];
}

/** The files that this page sends and receives. `onchange` follows every step. */
export class Transfers {
  readonly #session: Session;
  readonly #onchange: () => void;
  readonly #sending = new Map<number, { transfer: Sending; source: File }>();
  readonly #held = new Map<string, Held>();
  #next = crypto.getRandomValues(new Uint32Array(1))[0];

  constructor(session: Session, onchange: () => void) {
    this.#session = session;
    this.#onchange = onchange;
  }

  /** Is a file on its way, in or out? */
  get isBusy(): boolean {
    return this.#sending.size > 0 ||
      [...this.#held.values()].some(({ transfer }) => transfer.state === "moving");
  }

  /** Offers `source` to each of `peers`; each gets it at its own pace once it takes it. */
  send(source: File, peers: readonly string[]): Sending {
    const transfer: Sending = {
      kind: "sending",
      file: this.#next = (this.#next + 1) >>> 0,
      name: cleanFileName(source.name),
      size: source.size,
      state: "moving",
      takers: new Map(peers.map((id) => [id, { moved: 0, hasAll: false }])),
    };
    this.#sending.set(transfer.file, { transfer, source });
    const { file, name, size } = transfer;
    for (const id of peers) this.#tell(id, { type: "file", file, name, size });
    this.#settle(transfer);
    return transfer;
  }

  /** Takes an offered file, or refuses it with null where it is more than this page holds. */
  receive(from: string, { file, name, size }: FileOffer): Receiving | null {
    const promised = [...this.#held.values()].reduce((sum, { transfer }) => sum + transfer.size, 0);
    const isTooMuch = size > MAX_FILE || promised + size > MAX_HELD ||
      this.#held.size >= MAX_FILES || this.#held.has(nameHeld(from, file));
    if (isTooMuch) {
      this.#tell(from, { type: "refuse", file });
      return null;
    }
    const transfer: Receiving = {
      kind: "receiving",
      file,
      name: cleanFileName(name),
      size,
      state: "moving",
      from,
      moved: 0,
      url: null,
    };
    this.#held.set(nameHeld(from, file), { transfer, parts: [] });
    this.#tell(from, { type: "take", file });
    this.#finish(from, file);
    return transfer;
  }

  /** A piece of a file; one that was not taken, or is longer than it said, is dropped. */
  takePiece(from: string, bytes: ArrayBuffer): void {
    const packed = unpackPiece(bytes);
    const held = packed && this.#held.get(nameHeld(from, packed.file));
    if (!held || held.transfer.state !== "moving") return;
    held.parts.push(packed.piece);
    held.transfer.moved += packed.piece.byteLength;
    if (held.transfer.moved > held.transfer.size) return this.drop(held.transfer, "lost");
    if (held.parts.length >= FOLD) held.parts = [new Blob(held.parts)];
    this.#finish(from, packed.file);
    this.#onchange();
  }

  takeMark(from: string, { type, file }: Mark): void {
    if (type === "stop") {
      const held = this.#held.get(nameHeld(from, file));
      if (held?.transfer.state === "moving") this.drop(held.transfer, "lost");
      return;
    }
    const sending = this.#sending.get(file);
    const taker = sending?.transfer.takers.get(from);
    if (!sending || !taker) return;
    if (type === "take" && taker.moved === 0) this.#pump(from, sending.transfer, sending.source);
    if (type === "refuse") sending.transfer.takers.delete(from);
    if (type === "got") taker.hasAll = taker.moved === sending.transfer.size;
    this.#settle(sending.transfer);
  }

  /** Forgets what was on its way to or from somebody who left. */
  forgetPeer(peerId: string): void {
    for (const { transfer } of [...this.#sending.values()]) {
      if (!transfer.takers.get(peerId)?.hasAll) transfer.takers.delete(peerId);
      this.#settle(transfer);
    }
    for (const { transfer } of [...this.#held.values()]) {
      if (transfer.from === peerId && transfer.state === "moving") this.drop(transfer, "lost");
    }
  }

  /** Stops it at both ends. */
  stop(transfer: Transfer): void {
    if (transfer.kind === "receiving") {
      this.#tell(transfer.from, { type: "refuse", file: transfer.file });
      return this.drop(transfer, "stopped");
    }
    for (const id of transfer.takers.keys()) this.#tell(id, { type: "stop", file: transfer.file });
    this.#close(transfer, "stopped");
  }

  /** Lets go of a received file and of the memory it takes. */
  drop(transfer: Receiving, state: TransferState): void {
    this.#held.delete(nameHeld(transfer.from, transfer.file));
    if (transfer.url) URL.revokeObjectURL(transfer.url);
    transfer.url = null;
    transfer.state = state;
    this.#onchange();
  }

  async #pump(peerId: string, transfer: Sending, source: File): Promise<void> {
    const taker = transfer.takers.get(peerId)!;
    try {
      for (let at = 0; at < transfer.size; at += PIECE) {
        const piece = await source.slice(at, at + PIECE).arrayBuffer();
        if (transfer.state !== "moving" || !transfer.takers.has(peerId)) return;
        // The taker may say it has all as soon as the last piece is handed over.
        taker.moved += piece.byteLength;
        await this.#session.send(peerId, packPiece(transfer.file, piece));
        this.#onchange();
      }
    } catch {
      // The file changed on the disk, or the peer left: either way this one does not get it.
      this.#tell(peerId, { type: "stop", file: transfer.file });
      transfer.takers.delete(peerId);
      this.#settle(transfer);
    }
  }

  #settle(transfer: Sending): void {
    if (transfer.state !== "moving") return;
    if (transfer.takers.size === 0) this.#close(transfer, "lost");
    else if ([...transfer.takers.values()].every(({ hasAll }) => hasAll)) {
      this.#close(transfer, "done");
    } else this.#onchange();
  }

  #close(transfer: Sending, state: TransferState): void {
    this.#sending.delete(transfer.file);
    transfer.state = state;
    this.#onchange();
  }

  #finish(from: string, file: number): void {
    const { transfer, parts } = this.#held.get(nameHeld(from, file))!;
    if (transfer.moved !== transfer.size) return;
    // Any other type would let a received page run as one of ours when its link is opened.
    transfer.url = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
    transfer.state = "done";
    parts.length = 0;
    this.#tell(from, { type: "got", file });
  }

  #tell(peerId: string, message: FileOffer | Mark): void {
    // Somebody who left needs no word; `leave` cleans up after them.
    this.#session.send(peerId, message).catch(() => {});
  }
}

function nameHeld(from: string, file: number): string {
  return `${file} ${from}`;
}

/** How much of it has moved, from 0 to 1. */
export function measureTransfer(transfer: Transfer): number {
  if (transfer.size === 0 || transfer.state === "done") return transfer.state === "done" ? 1 : 0;
  if (transfer.kind === "receiving") return transfer.moved / transfer.size;
  const moved = [...transfer.takers.values()].reduce((sum, taker) => sum + taker.moved, 0);
  return moved / (transfer.size * transfer.takers.size || 1);
}
