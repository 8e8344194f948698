/** A client's end of a session: who is linked to it, and what they say to each other. */
import type { IceServer } from "../protocol/wire.ts";
import type { Channel, ChannelOptions } from "./later/channel.ts";
import { FoyerError, type FoyerErrorCode } from "./errors.ts";
import { importLater } from "./import_later.ts";
import type { Later, LinkStats } from "./later.ts";
import type { Link } from "./link.ts";
import { readSecret } from "./invitation.ts";
import type { PeerTrack } from "./later/media.ts";
import { type Data, encode, type Message } from "./messages.ts";
import type { Progress, SendOptions } from "./later/pieces.ts";
import type { TypedTarget } from "./typed_target.ts";

/** A link to another member of the mesh. */
export interface Peer {
  readonly id: string;
  readonly connection: RTCPeerConnection;
  /** `away`: nothing comes from it just now, and the link is being repaired. */
  readonly state: "open" | "away";
}

/**
 * `connected`; `reconnecting`: the primary's socket is lost, so nobody can join just now, and the
 * mesh goes on; `closed`: this client left; `ended`: the session is over, nobody can join any more.
 */
export type SessionState = "connected" | "reconnecting" | "closed" | "ended";

export interface SessionEvents {
  /** A link opened. */
  peer: CustomEvent<{ peerId: string }>;
  /** A link closed. */
  leave: CustomEvent<{ peerId: string }>;
  /** A link is silent and is being repaired; `back` or `leave` follows. */
  away: CustomEvent<{ peerId: string }>;
  /** The link works again. */
  back: CustomEvent<{ peerId: string }>;
  message: CustomEvent<{ peerId: string; data: Message }>;
  /** More has come of a message that is longer than 64 KiB. */
  progress: CustomEvent<Progress>;
  /**
   * A peer sends a camera, a microphone, or another track. Those that came before anybody listened are
   * told to the first who does.
   */
  track: CustomEvent<PeerTrack>;
  /** `code` says why, where it was not this client's own wish. */
  state: CustomEvent<{ state: SessionState; code?: FoyerErrorCode }>;
  /** The mesh has a new primary. */
  primary: CustomEvent<{ peerId: string }>;
}

export interface Session extends TypedTarget<SessionEvents> {
  readonly id: string;
  readonly link: string;
  /** This client's peer id. */
  readonly self: string;
  /** The primary's peer id. */
  readonly primary: string;
  /** The primary's capability to come back to this session; null for the others. */
  readonly key: string | null;
  /** What seals offers and answers on their way through the server; "" where nothing does. */
  readonly secret: string;
  readonly state: SessionState;
  /** Links that are open or away, without self. */
  readonly peers: ReadonlyMap<string, Peer>;
  /**
   * Resolves when `data` is handed to the browser; waits while too much is on its way.
   * Messages to one peer keep their order. Up to 64 MiB; what is larger is sent in slices.
   * @throws {FoyerError} `no-such-peer`, `closed`, `too-large`, or `refused` by the other side
   */
  send(peerId: string, data: Data, options?: SendOptions): Promise<void>;
  /** Sends to all who are here; who leaves meanwhile is no failure. */
  broadcast(data: Data): Promise<void>;
  /**
   * A channel beside the one for send(), to all who open one of the same name: ordered and reliable
   * unless told.
   * @throws {FoyerError} `invalid` for a name that is open already; `closed` or `unreachable`
   */
  open(name: string, options?: ChannelOptions): Promise<Channel>;
  /**
   * Sends `track` to all who are here and all who come, until removeTrack(); tracks with a stream in
   * common stay together. @throws {FoyerError} `closed` or `unreachable`
   */
  addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): Promise<void>;
  removeTrack(track: MediaStreamTrack): Promise<void>;
  /**
   * How each link is doing, by peer id.
   * @throws {FoyerError} `unreachable` where the client's second file cannot be loaded.
   */
  stats(): Promise<Map<string, LinkStats>>;
  /**
   * Words that both ends of the link to that peer show where nobody stands between them: for the two
   * to compare by another way, such as a call.
   * @throws {FoyerError} `no-such-peer`, `closed`, `insecure`, `unreachable`
   */
  words(peerId: string): Promise<string[]>;
  /** Leaves. */
  close(): void;
  /** Ends the session for everyone. @throws {FoyerError} `forbidden` unless this is the primary. */
  end(): void;
}

/** What a member does beside carrying messages: the primary introduces, the others are introduced. */
export interface Role {
  /** This member is leaving. */
  leave(): void;
  /** Links that are not open yet. */
  readonly opening: Map<string, Link>;
  /** Those for a new link. */
  getIceServers(): IceServer[];
  /** The primary alone can end the session. */
  end?(): void;
}

/** How long the second file waits for whoever comes first, in milliseconds: the handshakes go before. */
const LATER_MS = 500;

export class Mesh extends EventTarget {
  readonly peers = new Map<string, Link>();
  state: SessionState = "connected";
  isOver = false;
  #later?: Promise<Later>;
  /** Resolves when somebody listens for tracks: they may come before whoever shows them is loaded. */
  readonly heard = Promise.withResolvers<void>();
  readonly #onpagehide = () => this.stop("closed", undefined, (link) => link.close());

  constructor(
    readonly id: string,
    readonly link: string,
    public self: string,
    public primary: string,
    public key: string | null,
    public role: Role,
    /** Of the primary; 0 while it has not told. */
    public term: number,
    /** Who was here before this client. */
    public earlier: string[],
  ) {
    super();
    // Without it the others notice a closed tab only after seconds.
    addEventListener("pagehide", this.#onpagehide);
    setTimeout(() => this.isOver || this.loadLater().catch(() => {}), LATER_MS);
  }

  get secret(): string {
    return readSecret(this.link);
  }

  /** Takes an open link into the mesh, in the place of the one to the same peer, if there is one. */
  admit(link: Link): void {
    const { id: peerId } = link;
    if (this.isOver) return link.close();
    const before = this.peers.get(peerId);
    this.peers.set(peerId, link);
    link.oncontrol = ({ type }) => {
      if (type === "end" && peerId === this.primary) this.stop("ended", "ended");
    };
    link.later = () => this.loadLater();
    link.onmessage = (data) => this.isOver || this.emit("message", { peerId, data });
    link.closed.then(() => {
      if (this.peers.get(peerId) !== link) return;
      this.peers.delete(peerId);
      this.emit("leave", { peerId });
    });
    before?.close();
    this.emit(before ? "back" : "peer", { peerId });
  }

  /** What a client needs only when it is connected. @throws {FoyerError} `unreachable` */
  loadLater(): Promise<Later> {
    return this.#later ??= importLater().then(({ attend }) => attend(this), (cause) => {
      this.#later = undefined;
      throw new FoyerError("unreachable", "Part of it cannot be loaded", { cause });
    });
  }

  async send(peerId: string, data: Data, options?: SendOptions): Promise<void> {
    this.#assertOpen();
    const link = this.peers.get(peerId);
    if (!link) throw new FoyerError("no-such-peer", "This peer is not here");
    await link.send(encode(data), options);
  }

  async broadcast(data: Data): Promise<void> {
    this.#assertOpen();
    const message = encode(data);
    await Promise.allSettled([...this.peers.values()].map((link) => link.send(message)));
  }

  async open(name: string, options?: ChannelOptions): Promise<Channel> {
    return (await this.loadLater()).open(name, options);
  }

  async addTrack(track: MediaStreamTrack, ...streams: MediaStream[]): Promise<void> {
    (await this.loadLater()).addTrack(track, streams);
  }

  async removeTrack(track: MediaStreamTrack): Promise<void> {
    (await this.loadLater()).removeTrack(track);
  }

  async stats(): Promise<Map<string, LinkStats>> {
    return (await this.loadLater()).stats();
  }

  async words(peerId: string): Promise<string[]> {
    return (await this.loadLater()).words(peerId);
  }

  close(): void {
    this.stop("closed");
  }

  end(): void {
    if (!this.role.end) throw new FoyerError("forbidden", "Only the primary can");
    if (this.isOver) return;
    this.role.end();
    this.stop("ended");
  }

  /** The session is over for this client; `code` says why, `part` how each link goes. */
  stop(
    state: "closed" | "ended",
    code?: FoyerErrorCode,
    part = (link: Link) => link.finish(),
  ): void {
    if (this.isOver) return;
    this.isOver = true;
    removeEventListener("pagehide", this.#onpagehide);
    this.role.leave();
    const links = [...this.peers.values()];
    this.peers.clear();
    links.forEach(part);
    this.setState(state, code);
  }

  setState(state: SessionState, code?: FoyerErrorCode): void {
    if (state === this.state) return;
    this.state = state;
    this.emit("state", { state, code });
  }

  override addEventListener(...listener: Parameters<EventTarget["addEventListener"]>): void {
    super.addEventListener(...listener);
    if (listener[0] === "track") this.heard.resolve();
  }

  emit<K extends keyof SessionEvents>(type: K, detail: SessionEvents[K]["detail"]): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #assertOpen(): void {
    if (this.isOver) throw new FoyerError("closed", "The session is closed");
  }
}
