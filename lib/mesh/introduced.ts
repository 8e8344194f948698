/** How a member connects to the others: by offers and answers that the primary passes on. */
import type { Introduction } from "../protocol/mesh.ts";
import { createLink, type Link } from "./link.ts";
import { GATHERING_CAP } from "./member.ts";
import type { Mesh } from "./session.ts";

export interface Introduced {
  /** Makes an offer for each of the `peers` who were here before, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** The offers and answers of others. */
  take(primary: Link, frame: Introduction): void;
}

export function createIntroduced(mesh: Mesh): Introduced {
  async function offerTo(peers: string[], primary: Link): Promise<void> {
    const offers = await Promise.all(peers.map(async (peer) => {
      const link = await open(peer);
      const offer = await link?.offer(GATHERING_CAP).catch(link.close);
      return offer ? [{ peer, offer }] : [];
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
    const answer = await link?.answer(offer, GATHERING_CAP).catch(link.close) ?? null;
    primary.sendControl({ type: "answers", connections: [{ peer, answer }] });
  }

  function accept(peer: string, answer: string | null): void {
    const link = mesh.role.opening.get(peer);
    if (answer === null) link?.close();
    else link?.accept(answer);
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
