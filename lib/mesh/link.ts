/** One connection to one other client, and its one data channel. */
import type { IceServer } from "../protocol/wire.ts";
import { type Control, readControl } from "../protocol/mesh.ts";
import { delay } from "./delay.ts";
import { FoyerError } from "./errors.ts";
import { gather } from "./gathering.ts";
import { Assembly, type Encoded, type Message, split } from "./messages.ts";

/** A connection that did not open in this time does not open any more, in milliseconds. */
const OPEN_MS = 30_000;
/** `disconnected` alone is often a change of network that heals. */
const HEAL_MS = 10_000;
/** How long the last messages have to go out when a session is closed. */
const FINISH_MS = 1_000;
/** Chromium frees the places of closed connections only when it collects garbage. */
const RETRY_MS = 500;
/** Bytes handed to the browser and not yet sent: above the first we wait, for the second. */
const HIGH_WATER = 1_048_576;
const LOW_WATER = 262_144;

export class Link {
  /** The peer at the other end; set by whoever knows it, before the link is used. */
  id = "";
  /** True once the channel is open, false when it closed before it was. */
  readonly opened: Promise<boolean>;
  readonly closed: Promise<void>;
  oncontrol: (frame: Control) => void = () => {};
  onmessage: (message: Message) => void = () => {};

  readonly #channel: RTCDataChannel;
  readonly #assembly = new Assembly();
  #settleOpened!: (isOpen: boolean) => void;
  #settleClosed!: () => void;
  #sending: Promise<void> = Promise.resolve();
  #healing: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly connection: RTCPeerConnection) {
    // Both sides make channel 0 themselves: it opens without a message that announces it.
    const channel = connection.createDataChannel("foyer", { negotiated: true, id: 0 });
    this.#channel = channel;
    this.opened = new Promise((resolve) => this.#settleOpened = resolve);
    this.closed = new Promise((resolve) => this.#settleClosed = resolve);
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_WATER;
    channel.onopen = () => this.#settleOpened(true);
    channel.onclose = () => this.close();
    channel.onmessage = ({ data }) => this.#receive(data);
    connection.onconnectionstatechange = () => this.#watch(connection.connectionState);
  }

  get isOpen(): boolean {
    return this.#channel.readyState === "open";
  }

  /** Makes an offer, waiting for candidates for at most `cap` milliseconds. */
  offer(cap: number): Promise<string> {
    return gather(this.connection, cap);
  }

  /** Answers `offer`, waiting for candidates for at most `cap` milliseconds. */
  async answer(offer: string, cap: number): Promise<string> {
    await this.connection.setRemoteDescription({ type: "offer", sdp: offer });
    return gather(this.connection, cap);
  }

  accept(answer: string): Promise<void> {
    return this.connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  /** Closes the link when it is not open in time. */
  async limitOpening(ms = OPEN_MS): Promise<void> {
    const timer = setTimeout(() => this.close(), ms);
    await this.opened;
    clearTimeout(timer);
  }

  /** Control passes between the pieces of a long message. */
  sendControl(frame: Control): void {
    if (this.isOpen) this.#channel.send(JSON.stringify(frame));
  }

  /**
   * Resolves when the whole message is handed to the browser, in the order of the calls.
   * @throws {FoyerError} `closed`
   */
  send(message: Encoded): Promise<void> {
    return this.#sending = this.#sending.catch(() => {}).then(() => this.#sendPieces(message));
  }

  /** Closes the link once everything that was handed over has gone out. */
  finish(): void {
    this.#channel.close();
    setTimeout(() => this.close(), FINISH_MS);
  }

  /** Closes the link at once; the other side learns of it. */
  close(): void {
    clearTimeout(this.#healing);
    this.connection.close();
    this.#settleOpened(false);
    this.#settleClosed();
  }

  async #sendPieces(message: Encoded): Promise<void> {
    for (const piece of split(message)) {
      if (this.#channel.bufferedAmount > HIGH_WATER) await this.#drain();
      if (!this.isOpen) throw new FoyerError("closed", "The connection to this peer is closed");
      this.#channel.send(piece);
    }
  }

  #drain(): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#channel.onbufferedamountlow = () => resolve();
    return Promise.race([promise, this.closed]);
  }

  #receive(data: string | ArrayBuffer): void {
    if (typeof data === "string") {
      const frame = readControl(data);
      if (frame) this.oncontrol(frame);
      return;
    }
    let message;
    try {
      message = this.#assembly.add(data);
    } catch {
      return this.close();
    }
    if (message !== undefined) this.onmessage(message);
  }

  #watch(state: RTCPeerConnectionState): void {
    clearTimeout(this.#healing);
    if (state === "failed") this.close();
    if (state === "disconnected") this.#healing = setTimeout(() => this.close(), HEAL_MS);
  }
}

/**
 * A link that is not connected yet. Waits while the browser has too many connections.
 * @throws {FoyerError} `invalid` where the browser does not take the ICE servers.
 */
export async function createLink(iceServers: IceServer[], signal?: AbortSignal): Promise<Link> {
  while (true) {
    signal?.throwIfAborted();
    try {
      return new Link(new RTCPeerConnection({ iceServers }));
    } catch (cause) {
      if (!/so many/.test(String(cause))) {
        throw new FoyerError("invalid", "The ICE servers are not valid", { cause });
      }
    }
    await delay(RETRY_MS, signal);
  }
}
