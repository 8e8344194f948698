/**
 * Shared editing: a Yjs document that all in a session who share it edit at once, and their
 * awareness (cursors, names). Each update goes straight from its author to the others; who comes
 * late, or back, exchanges with each of them what the other lacks.
 *
 * A message is binary: `foyer/yjs` and the document's name, one byte for its kind, then
 *
 *   hello      sync step 1, and asks for the other's: of one who opens the document
 *   sync       a message of y-protocols/sync
 *   awareness  the client id of the sender, and its state by y-protocols/awareness
 *   bye        nothing: the sender does not share the document any more
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import {
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import {
  messageYjsSyncStep2,
  readSyncMessage,
  writeSyncStep1,
  writeUpdate,
} from "y-protocols/sync";
import type { Doc } from "yjs";
import type { Session, SessionEvents } from "./session.ts";

/** What sharing needs of a session. */
export type Sharing = Pick<Session, "peers" | "send" | "addEventListener">;

export interface ShareOptions {
  /** Tells the documents of one session apart; the same for everybody. */
  name?: string;
  /** Of this document; a new one unless told. */
  awareness?: Awareness;
}

export interface SharedDoc {
  readonly doc: Doc;
  readonly awareness: Awareness;
  /** Resolves when the state of another who shares it is here; at once in an empty session. */
  readonly synced: Promise<void>;
  /** Ends the sharing, as the document's end does; the document stays as it is. */
  destroy(): void;
}

const HELLO = 0, SYNC = 1, AWARENESS = 2, BYE = 3;

/**
 * Shares `doc` with everybody in `session` who shares one of this name. The messages for it do not
 * reach listeners that are added to the session after this.
 */
export function shareDoc(session: Sharing, doc: Doc, options: ShareOptions = {}): SharedDoc {
  const { name = "", awareness = new Awareness(doc) } = options;
  const prefix = encode((encoder) => encoding.writeVarString(encoder, `foyer/yjs ${name}`));
  /** Who else shares the document: the awareness's client id by peer id, where there is a state. */
  const sharers = new Map<string, number | undefined>();
  const { promise: synced, resolve: settleSynced } = Promise.withResolvers<void>();
  const listening = new AbortController();
  const { signal } = listening;
  const shared: SharedDoc = { doc, awareness, synced, destroy };

  session.addEventListener("message", take, { signal });
  session.addEventListener("peer", meet, { signal });
  session.addEventListener("back", meet, { signal });
  session.addEventListener("leave", prune, { signal });
  session.addEventListener("state", prune, { signal });
  doc.on("update", passUpdate);
  doc.on("destroy", destroy);
  awareness.on("update", passAwareness);
  for (const peerId of session.peers.keys()) greet(peerId, HELLO);
  if (session.peers.size === 0) settleSynced();
  return shared;

  /** What was on its way over an earlier link may be lost. */
  function meet({ detail: { peerId } }: SessionEvents["peer"]): void {
    greet(peerId, SYNC);
    if (sharers.has(peerId)) showAwareness(peerId);
  }

  function greet(peerId: string, kind: typeof HELLO | typeof SYNC): void {
    send(peerId, kind, (encoder) => writeSyncStep1(encoder, doc));
  }

  function take(event: SessionEvents["message"]): void {
    const { peerId, data } = event.detail;
    if (!(data instanceof ArrayBuffer) || !isOurs(new Uint8Array(data))) return;
    event.stopImmediatePropagation();
    const decoder = decoding.createDecoder(new Uint8Array(data, prefix.length));
    const kind = decoding.readUint8(decoder);
    if (kind === BYE) return forget(peerId);
    if (!sharers.has(peerId)) {
      sharers.set(peerId, undefined);
      showAwareness(peerId);
    }
    if (kind === AWARENESS) {
      sharers.set(peerId, decoding.readVarUint(decoder));
      applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), shared);
    } else {
      const reply = encoding.createEncoder();
      const type = readSyncMessage(decoder, reply, doc, shared);
      if (encoding.hasContent(reply)) {
        send(peerId, SYNC, (encoder) => encoding.writeBinaryEncoder(encoder, reply));
      }
      if (kind === HELLO) greet(peerId, SYNC);
      if (type === messageYjsSyncStep2) settleSynced();
    }
  }

  function isOurs(message: Uint8Array): boolean {
    return message.length > prefix.length && prefix.every((byte, i) => byte === message[i]);
  }

  function passUpdate(update: Uint8Array, origin: unknown): void {
    if (origin === shared) return;
    for (const peerId of sharers.keys()) {
      send(peerId, SYNC, (encoder) => writeUpdate(encoder, update));
    }
  }

  function passAwareness(changes: Record<"added" | "updated" | "removed", number[]>): void {
    const { added, updated, removed } = changes;
    // The others say themselves how they are.
    if (![...added, ...updated, ...removed].includes(awareness.clientID)) return;
    for (const peerId of sharers.keys()) showAwareness(peerId);
  }

  function showAwareness(peerId: string): void {
    const { clientID } = awareness;
    if (!awareness.meta.has(clientID)) return;
    send(peerId, AWARENESS, (encoder) => {
      encoding.writeVarUint(encoder, clientID);
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [clientID]));
    });
  }

  function send(peerId: string, kind: number, write: (encoder: encoding.Encoder) => void): void {
    const message = encode((encoder) => {
      encoding.writeUint8Array(encoder, prefix);
      encoding.writeUint8(encoder, kind);
      write(encoder);
    });
    // Who leaves meanwhile is no failure: back again, it says what it lacks.
    session.send(peerId, message).catch((error) => {
      if (!["no-such-peer", "closed"].includes(error.code)) throw error;
    });
  }

  /** Forgets who has left; all, when this client has. */
  function prune(): void {
    for (const peerId of sharers.keys()) if (!session.peers.has(peerId)) forget(peerId);
    if (session.peers.size === 0) settleSynced();
  }

  function forget(peerId: string): void {
    const client = sharers.get(peerId);
    sharers.delete(peerId);
    // Somebody back under a new peer id may be here before the old one is noticed to be gone.
    const isHere = client === awareness.clientID || [...sharers.values()].includes(client);
    if (client === undefined || isHere) return;
    removeAwarenessStates(awareness, [client], shared);
    // Back, it has the state it had, at the same clock.
    awareness.meta.delete(client);
  }

  function destroy(): void {
    if (signal.aborted) return;
    listening.abort();
    doc.off("update", passUpdate);
    doc.off("destroy", destroy);
    awareness.off("update", passAwareness);
    for (const peerId of [...sharers.keys()]) {
      send(peerId, BYE, () => {});
      forget(peerId);
    }
    settleSynced();
    if (!options.awareness) awareness.destroy();
  }
}

function encode(write: (encoder: encoding.Encoder) => void): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  write(encoder);
  return encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>;
}
