/**
 * What a client needs only once it is connected: a file of its own, loaded after the first link is
 * open, so that the handshake does not wait for it.
 */
import { readLaterControl } from "../protocol/later.ts";
import { readIntroduction } from "../protocol/mesh.ts";
import { readUpkeep } from "../protocol/upkeep.ts";
import { type Channels, createChannels } from "./later/channel.ts";
import { FoyerError } from "./errors.ts";
import type { Link } from "./link.ts";
import { createMedia, type Media } from "./later/media.ts";
import type { Encoded, Message } from "./messages.ts";
import { createPieces, type SendOptions } from "./later/pieces.ts";
import type { Mesh } from "./session.ts";
import { type LinkStats, readStats } from "./later/stats.ts";
import { createUpkeep } from "./later/upkeep.ts";
import { makeWords } from "./later/words.ts";

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
  open: Channels["open"];
  addTrack: Media["add"];
  removeTrack: Media["remove"];
  stats(): Promise<Map<string, LinkStats>>;
  /** @throws {FoyerError} `no-such-peer`, `closed`, `insecure` */
  words(peer: string): Promise<string[]>;
}

/** Attends to the links of `mesh`, those that are open and those to come. */
export function attend(mesh: Mesh): Later {
  const upkeep = createUpkeep(mesh);
  const { add: addTrack, remove: removeTrack } = createMedia(mesh);
  const channels = createChannels(mesh);
  const pieces = createPieces((progress) => mesh.emit("progress", progress));

  function take(from: Link, text: string): void {
    const introduction = readIntroduction(text);
    if (introduction) return upkeep.introduce(from, introduction);
    const frame = readLaterControl(text);
    if (frame?.type === "refuse") pieces.stop(from, frame);
    else if (frame) channels.take(from, frame);
    else {
      const frame = readUpkeep(text);
      if (frame) upkeep.take(from, frame);
    }
  }

  function stats(): Promise<Map<string, LinkStats>> {
    return readStats([...mesh.peers.values()]);
  }

  async function words(peer: string): Promise<string[]> {
    const link = mesh.peers.get(peer);
    if (!link) throw new FoyerError("no-such-peer", "This peer is not here");
    return await makeWords(link, mesh.id);
  }

  const { send: sendPieces, take: takePiece } = pieces;
  const { open } = channels;
  const { offerTo, recognise, stepDown } = upkeep;
  return {
    take,
    offerTo,
    recognise,
    stepDown,
    sendPieces,
    takePiece,
    open,
    addTrack,
    removeTrack,
    stats,
    words,
  };
}
