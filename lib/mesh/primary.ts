/** The client that starts a session: deposits offers, takes answers, introduces who comes. */
import { makeId, SESSION_ID } from "../protocol/ids.ts";
import type { Control } from "../protocol/mesh.ts";
import type { Answers, Deposit, FromServer, IceServer, Welcome } from "../protocol/wire.ts";
import { assertWebRtc, FoyerError, type FoyerErrorCode } from "./errors.ts";
import { Introductions, type Sending } from "./introductions.ts";
import type { Link } from "./link.ts";
import { OfferPool } from "./offers.ts";
import { Mesh, type Role, type Session } from "./session.ts";
import { PrimarySocket, type SocketEnd } from "./socket.ts";

export interface HostOptions {
  /** Address of the Foyer server; the one this script came from unless told. */
  server?: string;
  /** 20 to 64 characters of `A-Z a-z 0-9 _ -`; 128 random bits unless told. */
  sessionId?: string;
  /** The capability to come back as this session's primary: `key` of the earlier Session. */
  key?: string;
  /** The page that joiners are taken to, at a server that allows it. */
  target?: string;
  /** Those of the server unless told. */
  iceServers?: RTCIceServer[];
  /** Stops the start; has no meaning once the session is there. */
  signal?: AbortSignal;
}

/** A server that does not answer this often at the start is not there. */
const STARTS = 3;
/** How long the answers to a newcomer wait for the slowest of them, in milliseconds. */
const STRAGGLER_MS = 1_000;

const ENDS: Record<SocketEnd, string> = {
  "replaced": "Somebody came with the key of this session and is its host now",
  "key-refused": "This key does not belong to this session",
  "ended": "This session has ended",
};

/**
 * Starts a session, or comes back to one with its `key`. Resolves when the link works.
 * @throws {FoyerError} `unreachable`, `key-refused`, `ended`, `unsupported`, or a word of the server.
 */
export function startSession(options: HostOptions & { server: string }): Promise<Session> {
  const { signal, sessionId = makeId() } = options;
  return new Promise<Session>((resolve, reject) => {
    assertWebRtc();
    signal?.throwIfAborted();
    if (!SESSION_ID.test(sessionId)) {
      throw new FoyerError("invalid", "A session id is 20 to 64 characters of A-Z a-z 0-9 _ -");
    }
    const abort = () => primary.fail(signal!.reason);
    const primary = new Primary({ ...options, sessionId }, (result) => {
      signal?.removeEventListener("abort", abort);
      if (result instanceof Mesh) resolve(result);
      else reject(result);
    });
    signal?.addEventListener("abort", abort);
  });
}

class Primary implements Role {
  readonly #self = makeId(8);
  readonly #introductions = new Introductions(this.#self);
  readonly #pool: OfferPool;
  readonly #socket: PrimarySocket;
  /** Chosen here, so that a welcome that got lost does not lock us out. */
  readonly #key: string;
  /** Links whose answer is in and that are not open yet. */
  readonly #opening = new Set<Link>();
  #mesh: Mesh | undefined;

  constructor(
    readonly options: HostOptions & { server: string; sessionId: string },
    readonly settle: (result: Mesh | Error) => void,
  ) {
    this.#key = options.key ?? makeId();
    this.#pool = new OfferPool((options.iceServers ?? []) as IceServer[]);
    this.#socket = new PrimarySocket(toSocketUrl(options), {
      greet: () => this.#greet(),
      onframe: (frame) => this.#receive(frame),
      onlost: (failures) => this.#lose(failures),
      onend: (code) => this.#stop(code),
    });
  }

  /** Gives up before the session was there. */
  fail(error: Error): void {
    this.leave();
    this.settle(error);
  }

  take(from: Link, frame: Control): void {
    if (frame.type === "offers") {
      this.#send(this.#introductions.passOffers(from.id, frame.connections));
      setTimeout(() => this.#send(this.#introductions.flush(from.id)), STRAGGLER_MS);
    } else if (frame.type === "answers") {
      this.#send(this.#introductions.passAnswers(from.id, frame.connections));
    }
  }

  dismiss(peerId: string): void {
    this.#send(this.#introductions.dismiss(peerId));
  }

  leave(): void {
    this.#socket.close();
    this.#pool.close();
    for (const link of this.#opening) link.close();
  }

  end(): void {
    this.#socket.send({ type: "end" });
    for (const link of this.#mesh!.peers.values()) link.sendControl({ type: "end" });
  }

  async #greet(): Promise<Deposit> {
    const { sessionId, target } = this.options;
    const connections = await this.#pool.declareAll();
    return { sessionId, connections, key: this.#key, target };
  }

  #receive(frame: FromServer): void {
    if (frame.type === "welcome") this.#enter(frame);
    else if (frame.type === "answers") this.#takeAnswers(frame);
    else if (frame.type === "want") this.#refill(frame.count);
    else if (frame.type === "error" && !this.#mesh) {
      this.fail(new FoyerError(frame.code as FoyerErrorCode, frame.detail));
    }
  }

  #enter({ sessionId, link, key, iceServers }: Welcome): void {
    const isFirst = this.#learnIceServers(iceServers);
    if (this.#mesh) return this.#mesh.setState("connected");
    // Nobody has the link yet, so the offers that know no server can all be replaced.
    if (isFirst) return this.#socket.reopen();
    this.#mesh = new Mesh(sessionId, link, this.#self, this.#self, key, this);
    this.settle(this.#mesh);
  }

  /** True where these are the first and offers were made without them; drops those. */
  #learnIceServers(iceServers: IceServer[]): boolean {
    if (this.options.iceServers) return false;
    const isFirst = this.#pool.iceServers.length === 0 && iceServers.length > 0;
    this.#pool.iceServers = iceServers;
    if (isFirst) this.#pool.clear();
    return isFirst;
  }

  /** Delivered at least once: what the pool does not know any more is confirmed all the same. */
  async #takeAnswers({ connections }: Answers): Promise<void> {
    await Promise.all(connections.map(({ offer, answer }) => this.#accept(offer, answer)));
    this.#socket.send({ type: "received", ids: connections.map(({ id }) => id) });
  }

  async #accept(offer: string, answer: string): Promise<void> {
    const link = this.#pool.take(offer);
    if (!link) return;
    link.limitOpening();
    this.#opening.add(link);
    link.opened.then((isOpen) => {
      this.#opening.delete(link);
      if (isOpen) this.#admit(link);
    });
    await link.accept(answer).catch(() => link.close());
  }

  #admit(link: Link): void {
    link.id = makeId(8);
    link.sendControl(this.#introductions.admit(link.id));
    this.#mesh!.admit(link);
  }

  async #refill(count: number): Promise<void> {
    const connections = await this.#pool.declareMore(count).catch(() => []);
    const { sessionId } = this.options;
    if (connections.length > 0) this.#socket.send({ sessionId, connections });
  }

  #lose(failures: number): void {
    if (this.#mesh) this.#mesh.setState("reconnecting");
    else if (failures === STARTS) {
      const { server } = this.options;
      this.fail(new FoyerError("unreachable", `The server at ${server} does not answer`));
    }
  }

  #stop(code: SocketEnd): void {
    if (!this.#mesh) this.fail(new FoyerError(code, ENDS[code]));
    else if (code !== "ended") this.#mesh.stop("closed", code);
    else {
      // The link is dead; those who are here are still connected, and nobody else can say enough.
      this.#pool.close();
      this.#mesh.setState("ended", code);
    }
  }

  #send(sendings: Sending[]): void {
    for (const { to, frame } of sendings) this.#mesh!.peers.get(to)?.sendControl(frame);
  }
}

function toSocketUrl({ server, sessionId }: { server: string; sessionId: string }): string {
  return new URL(sessionId, server.replace(/\/?$/, "/")).href.replace(/^http/, "ws");
}
