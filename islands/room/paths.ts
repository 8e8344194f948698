import type { LinkStats, Session } from "../../lib/mesh/client.ts";

/** From one look at the links to the next, in milliseconds. */
const LOOK_MS = 5_000;

/** How each link goes, looked at while somebody looks at the page; `onchange` when it is known anew. */
export class Paths {
  #stats: ReadonlyMap<string, LinkStats> = new Map();

  constructor(session: Session, onchange: () => void) {
    const look = async () => {
      if (document.hidden || session.peers.size === 0) return;
      // Without the client's second file nothing is known; it is tried again.
      this.#stats = await session.stats().catch(() => this.#stats);
      onchange();
    };
    const timer = setInterval(look, LOOK_MS);
    session.addEventListener("peer", look);
    session.addEventListener("state", ({ detail: { state } }) => {
      if (state === "closed") clearInterval(timer);
    });
    look();
  }

  /** In words: `direct, 12 ms`, or nothing while it is not known. */
  describe(peerId: string): string {
    const { path, roundTripTime } = this.#stats.get(peerId) ?? {};
    if (!path) return "";
    return roundTripTime === undefined ? path : `${path}, ${Math.ceil(roundTripTime)} ms`;
  }
}
