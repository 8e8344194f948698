/** The one client that holds the session's socket: deposits offers, takes answers, lets people in. */
import { makeId } from "../protocol/ids.ts";
import { MAX_PEERS } from "../protocol/mesh.ts";
import type { Answers, Deposit, FromServer, IceServer, Welcome } from "../protocol/wire.ts";
import { FoyerError, type FoyerErrorCode } from "./errors.ts";
import type { Link } from "./link.ts";
import { createOfferPool } from "./offers.ts";
import type { Mesh, Role } from "./session.ts";
import { deriveKey, unseal } from "./seal.ts";
import { openSocket, type PrimarySocket, type SocketEnd } from "./socket.ts";

/** What a primary claims with its first frame, and whom it lets in. */
export interface Claim extends Omit<Deposit, "connections"> {
  key: string;
  succession: string;
  /** What seals offers and answers; "" where they are plain. */
  secret: string;
  /** Those of the server unless told. */
  iceServers?: IceServer[];
  maxPeers: number;
}

/** The role of the primary. */
export interface Seat extends Role {
  readonly claim: Claim;
}

/** A server that does not answer this often at the start is not there. */
const STARTS = 3;
/** How long new offers wait while others are free: until the handshake that took one is done, in ms. */
const REFILL_MS = 400;

const SOMEBODY_ELSE = "Somebody else is the host now";
const ENDS: Record<SocketEnd, string> = {
  "replaced": SOMEBODY_ELSE,
  "key-refused": "This is not the key of this session",
  "superseded": SOMEBODY_ELSE,
  "ended": "The session has ended",
};

/**
 * Makes the `claim` at the session's socket and keeps it. `enter` gives the mesh once the link works;
 * until then `fail` hears why it does not. Returns what gives it up.
 * @throws {DOMException} SyntaxError where no socket can be opened to `url`.
 */
export function preside(
  url: string,
  claim: Claim,
  enter: (welcome: Welcome, role: Seat) => Mesh,
  fail: (error: FoyerError) => void,
): () => void {
  const { sessionId, secret, iceServers: known, maxPeers, ...words } = claim;
  // A successor's came from the server, with credentials that end.
  const told = words.takeOver ? undefined : known;
  const key = deriveKey(secret, sessionId);
  let iceServers = known;
  const pool = createOfferPool(getIceServers, key);
  /** Links whose answer is in and that are not open yet. */
  const opening = new Map<string, Link>();
  /** Offers that no joiner has, as the server counts them. */
  let free = 0;
  let mesh: Mesh | undefined;
  let isEnding = false;
  let socket: PrimarySocket;
  try {
    socket = openSocket(url, { greet, onframe, onlost, onend });
  } catch (cause) {
    pool.close();
    throw cause;
  }
  return leave;

  function getIceServers(): IceServer[] {
    return iceServers ?? [];
  }

  async function greet(): Promise<Deposit> {
    return { sessionId, connections: await pool.declareAll(), ...words };
  }

  function onframe(frame: FromServer): void {
    if (frame.type === "welcome") arrive(frame);
    else if (frame.type === "answers") takeAnswers(frame);
    else if (frame.type === "status") free = frame.offers - frame.consumed;
    else if (frame.type === "want") {
      setTimeout(() => pool.prepare(frame.count).then(declare, () => {}), free && REFILL_MS);
    } else if (frame.type === "ice") {
      iceServers = told ?? frame.iceServers;
    } else if (frame.type === "error" && !mesh) {
      giveUp(new FoyerError(frame.code as FoyerErrorCode, frame.detail));
    }
  }

  function onlost(failures: number): void {
    if (mesh) isEnding || mesh.setState("reconnecting");
    else if (failures === STARTS) {
      giveUp(new FoyerError("unreachable", `${url} does not answer`));
    }
  }

  function onend(end: SocketEnd): void {
    if (!mesh) return giveUp(new FoyerError(end, ENDS[end]));
    if (end === "superseded") return void mesh.loadLater().then((later) => later.stepDown());
    if (end !== "ended") return mesh.stop("closed", end);
    // Nobody can join any more; those who are here are connected all the same.
    pool.close();
    mesh.setState(end, end);
  }

  function giveUp(error: FoyerError): void {
    leave();
    fail(error);
  }

  function arrive(welcome: Welcome): void {
    if (isEnding) {
      isEnding = false;
      socket.send({ type: "end" });
      return leave();
    }
    const areNews = !iceServers && welcome.iceServers.length > 0;
    iceServers = told ?? welcome.iceServers;
    if (areNews) {
      // The offers know none of them; nobody has the link yet, so all can be replaced.
      pool.clear();
      return socket.reopen();
    }
    declare();
    if (mesh) return mesh.setState("connected");
    mesh = enter(welcome, { leave, end, claim, opening, getIceServers });
  }

  function declare(): void {
    const connections = pool.declare();
    if (connections.length > 0) socket.send({ sessionId, connections });
  }

  /** Delivered at least once: what the pool does not know any more is confirmed all the same. */
  async function takeAnswers({ connections }: Answers): Promise<void> {
    await Promise.all(connections.map(({ offer, answer }) => {
      const opened = unseal(key, answer, "answer" + offer);
      return accept(pool.take(offer), opened);
    }));
    socket.send({ type: "received", ids: connections.map(({ id }) => id) });
  }

  async function accept(link: Link | undefined, opened: Promise<string>): Promise<void> {
    const answer = await opened.catch(() => "");
    if (!answer) link?.close();
    if (!answer || !link) return;
    opening.set(answer, link);
    link.limitOpening();
    link.opened.then((isOpen) => {
      opening.delete(answer);
      if (isOpen) admit(link, answer);
    });
    await link.accept(answer);
  }

  async function admit(link: Link, answer: string): Promise<void> {
    const mark = /x-foyer-return:(.+)/.exec(answer)?.[1];
    const before = mark && await mesh!.loadLater().then((later) => later.recognise(mark), () => "");
    if (!before && mesh!.peers.size + 1 >= Math.min(maxPeers, MAX_PEERS)) {
      link.sendControl({ type: "full" });
      return link.finish();
    }
    link.id = before || makeId(8);
    const { self, peers } = mesh!;
    link.sendControl({ type: "welcome", self: link.id, primary: self, peers: [...peers.keys()] });
    mesh!.admit(link);
  }

  function leave(): void {
    if (isEnding) return;
    socket.close();
    pool.close();
    for (const link of opening.values()) link.close();
  }

  function end(): void {
    // A socket that is lost says it on its return.
    isEnding = !socket.send({ type: "end" });
    for (const link of mesh!.peers.values()) link.sendControl({ type: "end" });
  }
}
