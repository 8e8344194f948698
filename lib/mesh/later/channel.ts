/**
 * Channels on request, beside the one that each link has: for what may be lost or overtaken, or
 * should not wait behind large messages. Who opens one says so to everybody (`listen`), and sends to
 * those who have said the same. Each side makes an RTCDataChannel of its own to send on, so the two
 * ends never have to agree on one.
 */
import { isName, type Listen, MAX_CHANNELS, MAX_NAME } from "../../protocol/later.ts";
import { FoyerError } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Data, encode, FRAME, type Message, readFrame, toFrame } from "../messages.ts";
import type { Mesh } from "../session.ts";
import type { TypedTarget } from "../typed_target.ts";

/** As for an RTCDataChannel: ordered and reliable unless told. */
export interface ChannelOptions {
  ordered?: boolean;
  /** How often a lost message is sent again. */
  maxRetransmits?: number;
  /** How long a lost message is sent again, in milliseconds. */
  maxPacketLifeTime?: number;
}

export interface ChannelEvents {
  /** A peer has opened the channel too. */
  peer: CustomEvent<{ peerId: string }>;
  /** It has closed it, or left. */
  leave: CustomEvent<{ peerId: string }>;
  message: CustomEvent<{ peerId: string; data: Message }>;
}

/** A channel to all who have opened the same name. */
export interface Channel extends TypedTarget<ChannelEvents> {
  readonly name: string;
  /** Who has opened it too. */
  readonly peers: ReadonlySet<string>;
  /**
   * Resolves when `data` is handed to the browser: waits while too much is on its way. Where messages
   * may be lost it does not wait, and one that would have to is lost.
   * @throws {FoyerError} `no-such-peer` who has not opened it, `closed`, or `too-large` above 65,535
   *   bytes.
   */
  send(peerId: string, data: Data): Promise<void>;
  /** Sends to all who have opened it; who leaves meanwhile is no failure. */
  broadcast(data: Data): Promise<void>;
  close(): void;
}

/** Tells our data channels from those that an application makes on the same connection. */
const PROTOCOL = "foyer";
/** Bytes handed to the browser and not yet sent: above it a reliable channel waits. */
const HIGH_WATER = 1_048_576;
const LOW_WATER = 262_144;
/** The same, above which a channel that may lose messages does: what is late is worth nothing. */
const LOSSY_WATER = 65_536;

export interface Channels {
  /** @throws {FoyerError} `invalid` or `closed` */
  open(name: string, options?: ChannelOptions): Channel;
  take(from: Link, frame: Listen): void;
}

export function createChannels(mesh: Mesh): Channels {
  const opened = new Map<string, NamedChannel>();
  /** Names that the peer at the other end listens to. */
  const listening = new WeakMap<Link, Set<string>>();
  for (const link of mesh.peers.values()) attendTo(link);
  mesh.addEventListener("peer", attendToPeer);
  mesh.addEventListener("back", attendToPeer);
  mesh.addEventListener("leave", (event) => {
    for (const channel of opened.values()) channel.dismiss(peerOf(event));
  });

  function attendToPeer(event: Event): void {
    const link = mesh.peers.get(peerOf(event))!;
    if (listening.has(link)) return;
    // A peer that came back has a new link: who listens there says it again.
    for (const channel of opened.values()) channel.dismiss(link.id);
    attendTo(link);
  }

  function attendTo(link: Link): void {
    listening.set(link, new Set());
    link.connection.addEventListener("datachannel", ({ channel: incoming }) => {
      if (incoming.protocol === PROTOCOL) opened.get(incoming.label)?.receive(link.id, incoming);
    });
    for (const channel of opened.keys()) link.sendControl({ type: "listen", channel });
  }

  function open(name: string, options: ChannelOptions = {}): Channel {
    if (mesh.isOver) throw new FoyerError("closed", "The session is closed");
    if (!isName(name) || opened.has(name) || opened.size >= MAX_CHANNELS) {
      throw new FoyerError(
        "invalid",
        opened.has(name)
          ? `The channel ${name} is open already`
          : `A channel has a name of 1 to ${MAX_NAME} characters; ${MAX_CHANNELS} at most are open`,
      );
    }
    const channel = new NamedChannel(mesh, name, options, () => {
      opened.delete(name);
      tell("unlisten", name);
    });
    opened.set(name, channel);
    for (const link of mesh.peers.values()) {
      if (listening.get(link)!.has(name)) channel.admit(link.id);
    }
    tell("listen", name);
    return channel;
  }

  function take(from: Link, { type, channel: name }: Listen): void {
    const names = listening.get(from);
    if (!names) return;
    const channel = opened.get(name);
    if (type === "unlisten") {
      names.delete(name);
      channel?.dismiss(from.id);
    } else if (names.size < MAX_CHANNELS) {
      names.add(name);
      channel?.admit(from.id);
    }
  }

  function tell(type: Listen["type"], channel: string): void {
    for (const link of mesh.peers.values()) link.sendControl({ type, channel });
  }

  return { open, take };
}

/** What is sent to one peer. */
interface Out {
  channel: RTCDataChannel;
  /** Until what was sent before is handed over. */
  sending: Promise<void>;
}

class NamedChannel extends EventTarget implements Channel {
  readonly peers = new Set<string>();
  readonly #mesh: Mesh;
  readonly #options: ChannelOptions;
  readonly #onclose: () => void;
  readonly #outs = new Map<string, Out>();
  readonly #ins = new Set<RTCDataChannel>();
  #isClosed = false;

  constructor(mesh: Mesh, readonly name: string, options: ChannelOptions, onclose: () => void) {
    super();
    this.#mesh = mesh;
    this.#options = options;
    this.#onclose = onclose;
  }

  async send(peerId: string, data: Data): Promise<void> {
    this.#assertOpen();
    const frame = makeFrame(data);
    if (!this.peers.has(peerId)) {
      throw new FoyerError("no-such-peer", `This peer has not opened the channel ${this.name}`);
    }
    await this.#post(peerId, frame);
  }

  async broadcast(data: Data): Promise<void> {
    this.#assertOpen();
    const frame = makeFrame(data);
    await Promise.allSettled([...this.peers].map((peerId) => this.#post(peerId, frame)));
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onclose();
    for (const incoming of this.#ins) incoming.close();
    for (const { channel } of this.#outs.values()) channel.close();
    this.#outs.clear();
    this.peers.clear();
  }

  admit(peerId: string): void {
    if (this.peers.has(peerId)) return;
    this.peers.add(peerId);
    this.#emit("peer", { peerId });
  }

  dismiss(peerId: string): void {
    this.#outs.get(peerId)?.channel.close();
    this.#outs.delete(peerId);
    if (this.peers.delete(peerId)) this.#emit("leave", { peerId });
  }

  receive(peerId: string, incoming: RTCDataChannel): void {
    this.#ins.add(incoming);
    incoming.binaryType = "arraybuffer";
    incoming.onclose = () => this.#ins.delete(incoming);
    incoming.onmessage = ({ data }) => {
      if (this.#isClosed || typeof data === "string") return;
      let message;
      try {
        message = readFrame(data);
      } catch {
        return incoming.close();
      }
      this.#emit("message", { peerId, data: message });
    };
  }

  #post(peerId: string, frame: Uint8Array<ArrayBuffer>): Promise<void> {
    const out = this.#outs.get(peerId) ?? this.#makeOut(peerId);
    const { channel } = out;
    const sent = out.sending.then(async () => {
      if (this.#isLossy) {
        if (channel.bufferedAmount > LOSSY_WATER) return;
      } else if (channel.bufferedAmount > HIGH_WATER) await reach(channel, "bufferedamountlow");
      if (channel.readyState !== "open") {
        throw new FoyerError("closed", "This peer has closed the channel, or has left");
      }
      channel.send(frame);
    });
    out.sending = sent.catch(() => {});
    return sent;
  }

  #makeOut(peerId: string): Out {
    const { connection } = this.#mesh.peers.get(peerId)!;
    const channel = connection.createDataChannel(this.name, {
      ...this.#options,
      protocol: PROTOCOL,
    });
    channel.bufferedAmountLowThreshold = LOW_WATER;
    const out = { channel, sending: reach(channel, "open") };
    this.#outs.set(peerId, out);
    return out;
  }

  get #isLossy(): boolean {
    const { maxRetransmits, maxPacketLifeTime } = this.#options;
    return maxRetransmits !== undefined || maxPacketLifeTime !== undefined;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new FoyerError("closed", `The channel ${this.name} is closed`);
  }

  #emit<K extends keyof ChannelEvents>(type: K, detail: ChannelEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @throws {FoyerError} `too-large` */
function makeFrame(data: Data): Uint8Array<ArrayBuffer> {
  const message = encode(data);
  if (message.bytes.length >= FRAME) {
    throw new FoyerError(
      "too-large",
      `A message on a channel has at most ${FRAME - 1} bytes; session.send() takes larger ones`,
    );
  }
  return toFrame(message);
}

/** Until `channel` has that event, or is closed. */
function reach(channel: RTCDataChannel, event: "open" | "bufferedamountlow"): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard = new AbortController();
  for (const type of [event, "close"]) {
    channel.addEventListener(type, () => {
      heard.abort();
      resolve();
    }, heard);
  }
  return promise;
}

const peerOf = (event: Event) => (event as CustomEvent<{ peerId: string }>).detail.peerId;
