/**
 * What a client needs only once it is connected: a file of its own, loaded after the first link is
 * open, so that the handshake does not wait for it.
 */
import type { Link } from "./link.ts";
import type { Mesh } from "./session.ts";
import { type LinkStats, readStats } from "./stats.ts";

export type { LinkStats };

export interface Later {
  /** A control frame that the first file does not know. */
  take(from: Link, text: string): void;
  stats(): Promise<Map<string, LinkStats>>;
}

/** Attends to the links of `mesh`, those that are open and those to come. */
export function attend(mesh: Mesh): Later {
  function take(_from: Link, _text: string): void {
  }

  function stats(): Promise<Map<string, LinkStats>> {
    return readStats([...mesh.peers.values()]);
  }

  return { take, stats };
}
