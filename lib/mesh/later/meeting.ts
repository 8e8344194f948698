/** New links between two members that lost theirs, or never had one: offered and answered by others. */
import { makeId } from "../../protocol/ids.ts";
import type { Description } from "../../protocol/upkeep.ts";
import type { Identity } from "./identity.ts";
import { createLink, type Link } from "../link.ts";
import { GATHERING_CAP } from "../member.ts";
import type { Mesh } from "../session.ts";

export interface Meeting {
  /** Makes a new link to `peer`, which takes the place of the one that may be there. */
  meet(peer: string): Promise<void>;
  /** An offer or answer for a new link. */
  take(peer: string, frame: Description): Promise<void>;
}

export function createMeeting(
  mesh: Mesh,
  identity: Identity,
  send: (peer: string, frame: Description) => void,
): Meeting {
  /** Links that are not open yet, by their peer, with their offer and its id. */
  const opening = new Map<string, { link: Link; id: string; offer?: string }>();

  async function meet(peer: string): Promise<void> {
    if (peer === mesh.self || opening.has(peer)) return;
    const id = makeId(8);
    const link = await open(peer, id);
    const sdp = await link?.offer(GATHERING_CAP).then(identity.wrapOffer).catch(link.close);
    const mine = opening.get(peer);
    if (sdp && mine?.link === link) {
      mine!.offer = sdp;
      send(peer, { type: "description", id, isNew: true, description: { type: "offer", sdp } });
    }
  }

  async function take(peer: string, { id, description }: Description): Promise<void> {
    const mine = opening.get(peer);
    if (description.type === "answer") {
      if (mine?.id !== id || !mine.offer) return;
      const { link, offer } = mine;
      // One that does not open is not the peer's: its own may still come.
      return await identity.unwrapAnswer(peer, offer, description.sdp).then(link.accept, () => {});
    }
    // Both offer at once: that of the greater id counts.
    if (mine && mesh.self > peer) return;
    mine?.link.close();
    const link = await open(peer, id);
    const sdp = link && await answer(link, description.sdp).catch(link.close);
    if (sdp) {
      send(peer, { type: "description", id, isNew: true, description: { type: "answer", sdp } });
    }
  }

  async function answer(link: Link, offer: string): Promise<string> {
    const sdp = await link.answer(identity.unwrapOffer(link.id, offer), GATHERING_CAP);
    return await identity.wrapAnswer(link.id, offer, sdp);
  }

  async function open(peer: string, id: string): Promise<Link | undefined> {
    const link = await createLink(mesh.role.getIceServers()).catch(() => undefined);
    if (!link) return;
    if (mesh.isOver) link.close();
    link.id = peer;
    link.limitOpening();
    opening.set(peer, { link, id });
    link.opened.then((isOpen) => {
      if (opening.get(peer)?.link === link) opening.delete(peer);
      if (isOpen) mesh.admit(link);
    });
    return link;
  }

  return { meet, take };
}
