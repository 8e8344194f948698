/** Keeps the mesh up: introduces newcomers, repairs links, and has a primary at all times. */
import type { Introduction } from "../../protocol/mesh.ts";
import type { Description, Restart, Upkeep as Frame } from "../../protocol/upkeep.ts";
import { createIdentity } from "./identity.ts";
import { createIntroduced } from "./introduced.ts";
import { createIntroductions, type Sending } from "./introductions.ts";
import type { Link } from "../link.ts";
import { createMeeting } from "./meeting.ts";
import { createPost, isOpen, listOpen } from "./post.ts";
import { createRenewal } from "./renewal.ts";
import { createRepair } from "./repair.ts";
import type { Mesh, Session } from "../session.ts";
import { createSuccession, isPrimary } from "./succession.ts";
import { makeToken } from "./token.ts";

export interface Upkeep {
  take(from: Link, frame: Frame): void;
  /** Offers and answers: to pass on as the primary, else for this client. */
  introduce(from: Link, frame: Introduction): void;
  /** Makes an offer for each of the `peers` who were here before, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** The id of the peer that comes back with this mark in its answer; undefined where it is not right. */
  recognise(mark: string): Promise<string | undefined>;
  /** Somebody else is the primary now. */
  stepDown(): void;
}

/** How long an answer to a newcomer waits for those of other peers, in milliseconds. */
const TOGETHER_MS = 150;

/** Of the links of `mesh`, those that are open and those to come. */
export function createUpkeep(mesh: Mesh): Upkeep {
  const session: Session = mesh;
  const identity = createIdentity(mesh);
  const introduced = createIntroduced(mesh, identity);
  const introductions = createIntroductions();
  const post = createPost(mesh, receive);
  const renewal = createRenewal(mesh);
  const repair = createRepair(mesh, post.send);
  // A link that is to be made anew may look open here and be closed at the other end.
  const { meet, take: takeNew } = createMeeting(mesh, identity, post.sendByOthers);
  const succession = createSuccession(mesh, { meet, offerTo: introduced.offerTo, onseat });
  /** Whom each peer says it reaches, where this client is the primary. */
  const reached = new Map<string, string[]>();

  for (const id of mesh.peers.keys()) welcome(id);
  session.addEventListener("peer", ({ detail }) => welcome(detail.peerId));
  session.addEventListener("back", ({ detail }) => greet(detail.peerId));
  session.addEventListener("leave", ({ detail }) => dismiss(detail.peerId));

  function welcome(peer: string): void {
    introductions.admit(peer);
    greet(peer);
  }

  function greet(peer: string): void {
    const link = mesh.peers.get(peer);
    if (!link) return;
    repair.attend(link);
    if (isPrimary(mesh.role)) bequeath(link);
  }

  function dismiss(peer: string): void {
    reached.delete(peer);
    const sendings = introductions.dismiss(peer);
    if (!isPrimary(mesh.role)) return;
    send(sendings);
    for (const link of mesh.peers.values()) link.sendControl({ type: "gone", peer });
  }

  /** What the peer needs where this primary is gone. */
  async function bequeath(link: Link): Promise<void> {
    const token = await makeToken(mesh.key!, link.id);
    if (!isPrimary(mesh.role)) return;
    const { succession, maxPeers } = mesh.role.claim;
    link.sendControl({ type: "heir", term: mesh.term, succession, token, maxPeers });
  }

  function onseat(): void {
    reached.clear();
    for (const peer of listOpen(mesh)) {
      greet(peer);
      mesh.peers.get(peer)!.sendControl({ type: "ask" });
    }
  }

  function take(from: Link, frame: Frame): void {
    if (mesh.peers.get(from.id) !== from) return;
    const isFromPrimary = from.id === mesh.primary;
    if (frame.type === "description" || frame.type === "restart") receive(from.id, frame);
    else if (frame.type === "relay") post.pass(from.id, frame);
    else if (frame.type === "ping") from.sendControl({ type: "pong" });
    else if (frame.type === "pong") repair.hear(from.id);
    else if (frame.type === "primary") succession.adopt(frame.id, frame.term);
    else if (frame.type === "ask") from.sendControl(listLinks());
    else if (frame.type === "links") {
      succession.hear(from.id, frame);
      complete(from.id, frame.peers);
    } else if (isFromPrimary) {
      if (frame.type === "heir") succession.inherit(frame);
      else if (frame.type === "ice") renewal.take(frame);
      else if (frame.type === "gone") repair.giveUp(frame.peer);
      else if (frame.type === "meet") frame.peers.forEach(meet);
    }
  }

  function receive(peer: string, frame: Description | Restart): void {
    if (frame.type === "description" && frame.isNew) takeNew(peer, frame);
    else repair.take(peer, frame);
  }

  function listLinks() {
    const peers = listOpen(mesh).filter((peer) =>
      mesh.peers.get(peer)!.connection.connectionState === "connected"
    );
    return { type: "links", peers, primary: mesh.primary, term: mesh.term } as const;
  }

  /** Has a peer meet those whom it or they do not reach: their introduction broke off. */
  function complete(peer: string, peers: string[]): void {
    if (!isPrimary(mesh.role)) return;
    reached.set(peer, peers);
    const missing = [...reached].filter(([other, theirs]) =>
      other !== peer && isOpen(mesh, other) && !(peers.includes(other) && theirs.includes(peer))
    ).map(([other]) => other);
    if (missing.length > 0) mesh.peers.get(peer)?.sendControl({ type: "meet", peers: missing });
  }

  function introduce(from: Link, frame: Introduction): void {
    if (!isPrimary(mesh.role)) {
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

  async function recognise(mark: string): Promise<string | undefined> {
    const [peer, token] = mark.trim().split(" ");
    return token && token === await makeToken(mesh.key!, peer) ? peer : undefined;
  }

  const { offerTo } = introduced;
  const { stepDown } = succession;
  return { take, introduce, offerTo, recognise, stepDown };
}
