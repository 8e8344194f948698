/** What a member that is not the primary does: it is introduced, and connects. */
import type { Control } from "../protocol/mesh.ts";
import type { IceServer } from "../protocol/wire.ts";
import { createLink, type Link } from "./link.ts";
import type { Mesh, Role } from "./session.ts";

/** How long a description in the mesh waits for more candidates, in milliseconds. */
export const GATHERING_CAP = 400;

export interface Member extends Role {
  /** Makes an offer for each of the `peers` who were here before, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** A link for `peer`, or undefined where there is one already or none can be made. */
  open(peer: string): Promise<Link | undefined>;
}

/** `getMesh`: the mesh this role is for, which is made with it. */
export function createMember(iceServers: IceServer[], getMesh: () => Mesh): Member {
  const opening = new Map<string, Link>();
  const leaving = new AbortController();

  async function offerTo(peers: string[], primary: Link): Promise<void> {
    const offers = await Promise.all(peers.map(async (peer) => {
      const link = await open(peer);
      const offer = await link?.offer(GATHERING_CAP).catch(link.close);
      return offer ? [{ peer, offer }] : [];
    }));
    primary.sendControl({ type: "offers", connections: offers.flat() });
  }

  function take(from: Link, frame: Control): void {
    const mesh = getMesh();
    if (from.id !== mesh.primary) return;
    if (frame.type === "offers") {
      mesh.loadLater().then((later) => later.introduce(from, frame), () => {});
    } else if (frame.type === "answers") {
      for (const { peer, answer } of frame.connections) {
        const link = opening.get(peer);
        if (answer === null) link?.close();
        else link?.accept(answer);
      }
    } else if (frame.type === "end") {
      mesh.stop("ended", "ended");
    }
  }

  function leave(): void {
    leaving.abort();
    for (const link of opening.values()) link.close();
  }

  async function open(peer: string): Promise<Link | undefined> {
    const link = await createLink(iceServers, leaving.signal).catch(() => undefined);
    const { self, peers } = getMesh();
    if (peer === self || opening.has(peer) || peers.has(peer)) link?.close();
    else if (link) {
      link.id = peer;
      link.limitOpening();
      opening.set(peer, link);
      link.opened.then((isOpen) => {
        opening.delete(peer);
        if (isOpen) getMesh().admit(link);
      });
      return link;
    }
  }

  return { offerTo, take, leave, open, opening, getIceServers: () => iceServers };
}
