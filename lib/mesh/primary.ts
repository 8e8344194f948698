/** The client that starts a session: deposits offers, takes answers, introduces who comes. */
import { makeId, SESSION_ID } from "../protocol/ids.ts";
import { type Control, MAX_PEERS } from "../protocol/mesh.ts";
import type { Answers, Deposit, FromServer, IceServer, Welcome } from "../protocol/wire.ts";
import { assertWebRtc, FoyerError, type FoyerErrorCode } from "./errors.ts";
import { createIntroductions, type Sending } from "./introductions.ts";
import type { Link } from "./link.ts";
import { createOfferPool } from "./offers.ts";
import { Mesh, type Session } from "./session.ts";
import { openSocket, type PrimarySocket, type SocketEnd } from "./socket.ts";

export interface HostOptions {
  /** Address of the Foyer server; the one this script came from unless told. */
  server?: string;
  /** 20 to 64 characters of `A-Z a-z 0-9 _ -`; 128 random bits unless told. */
  sessionId?: string;
  /** The capability to come back as this session's primary: `key` of the earlier Session. */
  key?: string;
  /** The page that joiners are taken to, at a server that allows it. */
  target?: string;
  /** Those of the server unless told; told, the start is one round trip shorter. */
  iceServers?: RTCIceServer[];
  /** Most peers in the session, with the primary; 16 unless told, and never more than 64. */
  maxPeers?: number;
  /** Stops the start; has no meaning once the session is there. */
  signal?: AbortSignal;
}

/** A server that does not answer this often at the start is not there. */
const STARTS = 3;
/** How long an answer to a newcomer waits for those of other peers, in milliseconds. */
const TOGETHER_MS = 150;
/** How long new offers wait while others are free: until the handshake that took one is done, in ms. */
const REFILL_MS = 400;

const ENDS: Record<SocketEnd, string> = {
  "replaced": "Somebody came with the key of this session and is its host now",
  "key-refused": "This key does not belong to this session",
  "ended": "This session has ended",
};

/**
 * Starts a session, or comes back to one with its `key`. Resolves when the link works.
 * @throws {FoyerError} `unreachable`, `key-refused`, `ended`, `unsupported`, or a word of the server.
 */
export async function startSession(options: HostOptions & { server: string }): Promise<Session> {
  // The key is chosen here, so that a welcome that got lost does not lock us out.
  const { server, sessionId = makeId(), key = makeId(), target, maxPeers = 16, signal } = options;
  assertWebRtc();
  signal?.throwIfAborted();
  if (!SESSION_ID.test(sessionId)) {
    throw new FoyerError("invalid", "A session id is 20 to 64 characters of A-Z a-z 0-9 _ -");
  }
  const self = makeId(8);
  const introductions = createIntroductions(self);
  let iceServers = options.iceServers as IceServer[] | undefined;
  const pool = createOfferPool(() => iceServers ?? []);
  /** Links whose answer is in and that are not open yet. */
  const opening = new Set<Link>();
  const started = Promise.withResolvers<Mesh>();
  /** Offers that no joiner has, as the server counts them. */
  let free = 0;
  let mesh: Mesh | undefined;
  let socket: PrimarySocket;

  try {
    socket = openSocket(toSocketUrl(server, sessionId), { greet, onframe, onlost, onend });
  } catch (cause) {
    pool.close();
    throw new FoyerError("invalid", `${server} is not the address of a server`, { cause });
  }
  const abort = () => fail(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    return await started.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }

  async function greet(): Promise<Deposit> {
    return { sessionId, connections: await pool.declareAll(), key, target };
  }

  function onframe(frame: FromServer): void {
    if (frame.type === "welcome") enter(frame);
    else if (frame.type === "answers") takeAnswers(frame);
    else if (frame.type === "status") free = frame.offers - frame.consumed;
    else if (frame.type === "want") {
      setTimeout(() => pool.prepare(frame.count).then(declare, () => {}), free && REFILL_MS);
    } else if (frame.type === "error" && !mesh) {
      fail(new FoyerError(frame.code as FoyerErrorCode, frame.detail));
    }
  }

  function onlost(failures: number): void {
    if (mesh) mesh.setState("reconnecting");
    else if (failures === STARTS) {
      fail(new FoyerError("unreachable", `The server at ${server} does not answer`));
    }
  }

  function onend(end: SocketEnd): void {
    if (!mesh) return fail(new FoyerError(end, ENDS[end]));
    if (end !== "ended") return mesh.stop("closed", end);
    // Nobody can join any more; those who are here are connected all the same.
    pool.close();
    mesh.setState(end, end);
  }

  /** Gives up before the session was there. */
  function fail(error: unknown): void {
    leave();
    started.reject(error);
  }

  function enter(welcome: Welcome): void {
    const areNews = !iceServers && welcome.iceServers.length > 0;
    if (!options.iceServers) iceServers = welcome.iceServers;
    if (areNews) {
      // The offers know none of them; nobody has the link yet, so all can be replaced.
      pool.clear();
      return socket.reopen();
    }
    declare();
    if (mesh) return mesh.setState("connected");
    const role = { take, dismiss, leave, end };
    mesh = new Mesh(sessionId, welcome.link, self, self, welcome.key, role);
    started.resolve(mesh);
  }

  function declare(): void {
    const connections = pool.declare();
    if (connections.length > 0) socket.send({ sessionId, connections });
  }

  /** Delivered at least once: what the pool does not know any more is confirmed all the same. */
  async function takeAnswers({ connections }: Answers): Promise<void> {
    await Promise.all(connections.map(({ offer, answer }) => accept(pool.take(offer), answer)));
    socket.send({ type: "received", ids: connections.map(({ id }) => id) });
  }

  async function accept(link: Link | undefined, answer: string): Promise<void> {
    if (!link) return;
    opening.add(link);
    link.limitOpening();
    link.opened.then((isOpen) => {
      opening.delete(link);
      if (isOpen) admit(link);
    });
    await link.accept(answer);
  }

  function admit(link: Link): void {
    if (mesh!.peers.size + 1 >= Math.min(maxPeers, MAX_PEERS)) {
      link.sendControl({ type: "full" });
      return link.finish();
    }
    link.id = makeId(8);
    link.sendControl(introductions.admit(link.id));
    mesh!.admit(link);
  }

  function take(from: Link, frame: Control): void {
    if (frame.type === "offers") {
      send(introductions.passOffers(from.id, frame.connections));
    } else if (frame.type === "answers") {
      send(introductions.passAnswers(from.id, frame.connections));
      setTimeout(() => {
        for (const { peer } of frame.connections) send(introductions.flush(peer));
      }, TOGETHER_MS);
    }
  }

  function dismiss(peerId: string): void {
    send(introductions.dismiss(peerId));
  }

  function send(sendings: Sending[]): void {
    for (const { to, frame } of sendings) mesh!.peers.get(to)?.sendControl(frame);
  }

  function leave(): void {
    socket.close();
    pool.close();
    for (const link of opening) link.close();
  }

  function end(): void {
    socket.send({ type: "end" });
    for (const link of mesh!.peers.values()) link.sendControl({ type: "end" });
  }
}

function toSocketUrl(server: string, sessionId: string): string {
  return new URL(sessionId, server.replace(/\/?$/, "/")).href.replace(/^http/, "ws");
}
