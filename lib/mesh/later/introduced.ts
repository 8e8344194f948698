/** How a member connects to the others: by offers and answers that the primary passes on. */
import type { Introduction } from "../../protocol/mesh.ts";
import type { Identity } from "./identity.ts";
import { createLink, type Link } from "../link.ts";
import { GATHERING_CAP } from "../member.ts";
import type { Mesh } from "../session.ts";

export interface Introduced {
  /** Makes an offer for each of the `peers` who were here before, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** The offers and answers of others. */
  take(primary: Link, frame: Introduction): void;
}

export function createIntroduced(mesh: Mesh, identity: Identity): Introduced {
  /** Offers of this client that wait for their answer, as they were sent, by peer. */
  const offered = new Map<string, string>();

  async function offerTo(peers: string[], primary: Link): Promise<void> {
    const offers = await Promise.all(peers.map(async (peer) => {
      const link = await open(peer);
      const offer = await link?.offer(GATHERING_CAP).then(identity.wrapOffer).catch(link.close);
      if (!offer) return [];
      offered.set(peer, offer);
      return [{ peer, offer }];
    }));
    primary.sendControl({ type: "offers", connections: offers.flat() });
  }

  function take(primary: Link, frame: Introduction): void {
    if (frame.type === "offers") {
      for (const { peer, offer } of frame.connections) answerTo(peer, offer, primary);
    } else {
      for (const { peer, answer } of frame.connections) accept(peer, answer);
    }
  }

  async function answerTo(peer: string, offer: string, primary: Link): Promise<void> {
    const link = await open(peer);
    const answer = link && await makeAnswer(link, offer).catch(link.close) || null;
    primary.sendControl({ type: "answers", connections: [{ peer, answer }] });
  }

  async function makeAnswer(link: Link, offer: string): Promise<string> {
    const sdp = await link.answer(identity.unwrapOffer(link.id, offer), GATHERING_CAP);
    return await identity.wrapAnswer(link.id, offer, sdp);
  }

  async function accept(peer: string, answer: string | null): Promise<void> {
    const link = mesh.role.opening.get(peer);
    const offer = offered.get(peer);
    offered.delete(peer);
    if (!link) return;
    if (!answer || !offer) return link.close();
    await identity.unwrapAnswer(peer, offer, answer).then(link.accept, link.close);
  }

  /** A link for `peer`, or undefined where there is one already or none can be made. */
  async function open(peer: string): Promise<Link | undefined> {
    const { opening, getIceServers } = mesh.role;
    const link = await createLink(getIceServers()).catch(() => undefined);
    if (mesh.isOver || peer === mesh.self || opening.has(peer) || mesh.peers.has(peer)) {
      link?.close();
    } else if (link) {
      link.id = peer;
      link.limitOpening();
      opening.set(peer, link);
      link.opened.then((isOpen) => {
        opening.delete(peer);
        if (isOpen) mesh.admit(link);
      });
      return link;
    }
  }

  return { offerTo, take };
}
