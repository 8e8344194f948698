/**
 * What a client needs only once it is connected: a file of its own, loaded after the first link is
 * open, so that the handshake does not wait for it.
 */
import { readLaterControl } from "../protocol/later.ts";
import { type Introduction, readIntroduction } from "../protocol/mesh.ts";
import { type Channels, createChannels } from "./channel.ts";
import { createIntroduced } from "./introduced.ts";
import { createIntroductions, type Sending } from "./introductions.ts";
import type { Link } from "./link.ts";
import type { Encoded, Message } from "./messages.ts";
import { createPieces, type SendOptions } from "./pieces.ts";
import type { Mesh } from "./session.ts";
import { type LinkStats, readStats } from "./stats.ts";

export type { LinkStats };

export interface Later {
  /** A control frame that the first file does not know. */
  take(from: Link, text: string): void;
  /** Makes an offer for each of the `peers` who were here before, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** The id of the peer that comes back with this mark in its answer; undefined where it is not right. */
  recognise(mark: string): Promise<string | undefined>;
  /** Somebody else is the primary now. */
  stepDown(): void;
  /** Sends what is longer than a frame, or watched on its way, once it is its `turn`. */
  sendPieces(
    link: Link,
    message: Encoded,
    options: SendOptions | undefined,
    turn: Promise<void>,
  ): Promise<void>;
  /** A message that `frame` makes whole; undefined while more of it must come. */
  takePiece(link: Link, frame: ArrayBuffer): Message | undefined;
  /** @throws {FoyerError} `invalid` */
  open: Channels["open"];
  stats(): Promise<Map<string, LinkStats>>;
}

/** How long an answer to a newcomer waits for those of other peers, in milliseconds. */
const TOGETHER_MS = 150;

/** Attends to the links of `mesh`, those that are open and those to come. */
export function attend(mesh: Mesh): Later {
  const introduced = createIntroduced(mesh);
  const introductions = createIntroductions();
  for (const id of mesh.peers.keys()) introductions.admit(id);
  mesh.addEventListener("peer", (event) => introductions.admit(idOf(event)));
  mesh.addEventListener("leave", (event) => send(introductions.dismiss(idOf(event))));

  const channels = createChannels(mesh);
  const pieces = createPieces((progress) => mesh.emit("progress", progress));

  function take(from: Link, text: string): void {
    const introduction = readIntroduction(text);
    if (introduction) return introduce(from, introduction);
    const frame = readLaterControl(text);
    if (frame?.type === "refuse") pieces.stop(from, frame);
    else if (frame) channels.take(from, frame);
  }

  /** Offers and answers: to pass on as the primary, else for this client. */
  function introduce(from: Link, frame: Introduction): void {
    if (!mesh.role.end) {
      if (from.id === mesh.primary) introduced.take(from, frame);
    } else if (frame.type === "offers") {
      send(introductions.passOffers(from.id, frame.connections));
    } else {
      send(introductions.passAnswers(from.id, frame.connections));
      setTimeout(() => {
        for (const { peer } of frame.connections) send(introductions.flush(peer));
      }, TOGETHER_MS);
    }
  }

  function send(sendings: Sending[]): void {
    for (const { to, frame } of sendings) mesh.peers.get(to)?.sendControl(frame);
  }

  function recognise(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  function stepDown(): void {
    mesh.stop("closed", "superseded");
  }

  function stats(): Promise<Map<string, LinkStats>> {
    return readStats([...mesh.peers.values()]);
  }

  const { send: sendPieces, take: takePiece } = pieces;
  const { open } = channels;
  const { offerTo } = introduced;
  return { take, offerTo, recognise, stepDown, sendPieces, takePiece, open, stats };
}

const idOf = (event: Event) => (event as CustomEvent<{ peerId: string }>).detail.peerId;
