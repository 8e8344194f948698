/** What a member that is not the primary does: it is introduced, and connects. */
import type { Control } from "../protocol/mesh.ts";
import type { IceServer } from "../protocol/wire.ts";
import { createLink, type Link } from "./link.ts";
import type { Mesh, Role } from "./session.ts";

/** How long a description in the mesh waits for candidates, in milliseconds. */
const GATHERING_CAP = 400;

export class Member implements Role {
  mesh!: Mesh;
  /** Links that are not open yet, by the peer at their other end. */
  readonly #opening = new Map<string, Link>();
  readonly #leaving = new AbortController();

  constructor(readonly iceServers: IceServer[]) {}

  /** Makes an offer for each of the `peers` who were here before, and gives them all to `primary`. */
  async offerTo(peers: string[], primary: Link): Promise<void> {
    const offers = await Promise.all(peers.map(async (peer) => {
      const link = await this.#open(peer);
      const offer = await link?.offer(GATHERING_CAP).catch(() => link.close());
      return offer ? [{ peer, offer }] : [];
    }));
    primary.sendControl({ type: "offers", connections: offers.flat() });
  }

  take(from: Link, frame: Control): void {
    if (from.id !== this.mesh.primary) return;
    if (frame.type === "offers") {
      for (const { peer, offer } of frame.connections) this.#answer(peer, offer, from);
    } else if (frame.type === "answers") {
      for (const { peer, answer } of frame.connections) this.#accept(peer, answer);
    } else if (frame.type === "end") {
      this.mesh.stop("ended", "ended");
    }
  }

  leave(): void {
    this.#leaving.abort();
    for (const link of this.#opening.values()) link.close();
  }

  async #answer(peer: string, offer: string, primary: Link): Promise<void> {
    const link = await this.#open(peer);
    if (!link) return;
    const answer = await link.answer(offer, GATHERING_CAP).catch(() => null);
    if (answer === null) link.close();
    primary.sendControl({ type: "answers", connections: [{ peer, answer }] });
  }

  #accept(peer: string, answer: string | null): void {
    const link = this.#opening.get(peer);
    if (answer === null) link?.close();
    else link?.accept(answer).catch(() => link.close());
  }

  /** A link for `peer`, or undefined where there is one already or none can be made. */
  async #open(peer: string): Promise<Link | undefined> {
    if (this.#isKnown(peer)) return;
    const link = await createLink(this.iceServers, this.#leaving.signal).catch(() => undefined);
    if (!link) return;
    if (this.#isKnown(peer)) {
      link.close();
      return;
    }
    link.id = peer;
    link.limitOpening();
    this.#opening.set(peer, link);
    link.opened.then((isOpen) => {
      this.#opening.delete(peer);
      if (isOpen) this.mesh.admit(link);
    });
    return link;
  }

  #isKnown(peer: string): boolean {
    return peer === this.mesh.self || this.#opening.has(peer) || this.mesh.peers.has(peer);
  }
}
