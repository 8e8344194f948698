/** One connection to one other client, and its one data channel. */
import type { IceServer } from "../protocol/wire.ts";
import type { LaterControl } from "../protocol/later.ts";
import { type Control, type Introduction, readControl } from "../protocol/mesh.ts";
import type { Upkeep } from "../protocol/upkeep.ts";
import { delay } from "./delay.ts";
import { FoyerError } from "./errors.ts";
import { gather } from "./gathering.ts";
import { type Encoded, FRAME, type Message, PIECE, readFrame, toFrame } from "./messages.ts";
import type { Later } from "./later.ts";
import type { SendOptions } from "./later/pieces.ts";

/** A connection that did not open in this time does not open any more, in milliseconds. */
const OPEN_MS = 30_000;
/** `disconnected` alone is often a change of network that heals. */
const HEAL_MS = 10_000;
/** How long the last messages have to go out when a session is closed. */
const FINISH_MS = 5_000;
/** Chromium frees the places of closed connections only when it collects garbage. */
const RETRY_MS = 500;
/** Bytes handed to the browser and not yet sent: above the first we wait, for the second. */
const HIGH_WATER = 1_048_576;
const LOW_WATER = 262_144;

export interface Link {
  /** The peer at the other end; set by whoever knows it, before the link is used. */
  id: string;
  readonly connection: RTCPeerConnection;
  /** `away`: it is silent, and being repaired. */
  state: "open" | "away";
  /** True once the channel is open, false when it closed before it was. */
  readonly opened: Promise<boolean>;
  readonly closed: Promise<void>;
  oncontrol(frame: Control): void;
  /** The second file, for what the first does not know: other control, and messages in pieces. */
  later(): Promise<Later>;
  onmessage(message: Message): void;
  /**
   * Makes an offer, waiting for more candidates for at most `cap` milliseconds.
   * @throws {FoyerError} `closed`
   */
  offer(cap: number): Promise<string>;
  /**
   * Answers `offer`, waiting for more candidates for at most `cap` milliseconds.
   * @throws {FoyerError} `closed`; what the browser throws where it is no offer.
   */
  answer(offer: string, cap: number): Promise<string>;
  /** Takes the answer to its offer; closes when it is none. */
  accept(answer: string): Promise<void>;
  /** Closes unless it opens in time. */
  limitOpening(): void;
  /** Control passes between the pieces of a long message. */
  sendControl(frame: Control | Introduction | LaterControl | Upkeep): void;
  /**
   * Resolves when the whole message is handed to the browser, in the order of the calls.
   * @throws {FoyerError} `closed`
   */
  send(message: Encoded, options?: SendOptions): Promise<void>;
  readonly isOpen: boolean;
  /** Resolves when little enough is on its way, or when the link closes. */
  ready(): Promise<void>;
  /** @throws {FoyerError} `closed` */
  post(frame: Uint8Array<ArrayBuffer>): void;
  /** Closes once everything that was handed over has gone out. */
  finish(): void;
  /** Closes at once; the other side learns of it. */
  close(): void;
}

function makeLink(connection: RTCPeerConnection): Link {
  // Both sides make channel 0 themselves: it opens without a message that announces it.
  const channel = connection.createDataChannel("foyer", { negotiated: true, id: 0 });
  const { promise: opened, resolve: settleOpened } = Promise.withResolvers<boolean>();
  const { promise: closed, resolve: settleClosed } = Promise.withResolvers<void>();
  let sending = Promise.resolve();
  /** What comes waits for what came before. */
  let receiving: Promise<unknown> = sending;
  let healing: ReturnType<typeof setTimeout> | undefined;

  channel.binaryType = "arraybuffer";
  channel.bufferedAmountLowThreshold = LOW_WATER;
  channel.onopen = () => settleOpened(true);
  channel.onclose = close;
  channel.onmessage = ({ data }) => receive(data);
  connection.onconnectionstatechange = () => {
    clearTimeout(healing);
    const { connectionState } = connection;
    if (connectionState === "failed") close();
    if (connectionState === "disconnected") healing = setTimeout(close, HEAL_MS);
  };

  function offer(cap: number): Promise<string> {
    return unlessClosed(gather(connection, cap));
  }

  function answer(offer: string, cap: number): Promise<string> {
    const taken = connection.setRemoteDescription({ type: "offer", sdp: offer });
    return unlessClosed(taken.then(() => gather(connection, cap)));
  }

  function accept(answer: string): Promise<void> {
    const taken = connection.setRemoteDescription({ type: "answer", sdp: answer });
    return unlessClosed(taken).catch(close);
  }

  /** What a connection was asked before it was closed never settles (W3C WebRTC section 4.4.1.2). */
  function unlessClosed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, closed.then(failClosed)]);
  }

  function failClosed(): never {
    throw new FoyerError("closed", "The link is closed");
  }

  function limitOpening(): void {
    const timer = setTimeout(close, OPEN_MS);
    opened.then(() => clearTimeout(timer));
  }

  function sendControl(frame: Control | Introduction | LaterControl | Upkeep): void {
    if (link.isOpen) channel.send(JSON.stringify(frame));
  }

  function send(message: Encoded, options?: SendOptions): Promise<void> {
    const turn = sending;
    const sent = options || message.bytes.length >= FRAME
      ? link.later().then((later) => later.sendPieces(link, message, options, turn))
      : turn.then(ready).then(() => post(toFrame(message)));
    sending = Promise.allSettled([turn, sent]).then(() => {});
    return sent;
  }

  async function ready(): Promise<void> {
    if (channel.bufferedAmount <= HIGH_WATER) return;
    await Promise.race([new Promise((low) => channel.onbufferedamountlow = low), closed]);
  }

  function post(frame: Uint8Array<ArrayBuffer>): void {
    if (!link.isOpen) failClosed();
    channel.send(frame);
  }

  function receive(data: string | ArrayBuffer): void {
    if (typeof data === "string") {
      const frame = readControl(data);
      if (frame) link.oncontrol(frame);
      else link.later().then((later) => later.take(link, data), () => {});
      return;
    }
    receiving = receiving.then(() =>
      new Uint8Array(data)[0] < PIECE
        ? readFrame(data)
        : link.later().then((later) => later.takePiece(link, data))
    ).then((message) => message === undefined || link.onmessage(message), close);
  }

  function finish(): void {
    channel.close();
    setTimeout(close, FINISH_MS);
  }

  function close(): void {
    clearTimeout(healing);
    connection.close();
    settleOpened(false);
    settleClosed();
  }

  const link: Link = {
    id: "",
    connection,
    state: "open",
    opened,
    closed,
    oncontrol() {},
    onmessage() {},
    get isOpen() {
      return channel.readyState === "open";
    },
    later: () => closed.then(failClosed),
    offer,
    answer,
    accept,
    limitOpening,
    sendControl,
    send,
    ready,
    post,
    finish,
    close,
  };
  return link;
}

/**
 * A link that is not connected yet. Waits while the browser has too many connections.
 * @throws {FoyerError} `invalid` where the browser does not take the ICE servers.
 */
export async function createLink(iceServers: IceServer[], signal?: AbortSignal): Promise<Link> {
  while (true) {
    signal?.throwIfAborted();
    try {
      return makeLink(new RTCPeerConnection({ iceServers }));
    } catch (cause) {
      if (!/so many/.test(String(cause))) {
        throw new FoyerError("invalid", "The ICE servers are not valid", { cause });
      }
    }
    await delay(RETRY_MS, signal);
  }
}
