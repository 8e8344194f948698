/** How a frame reaches a peer: over the link to it, or by other peers that reach both. */
import { makeId } from "../../protocol/ids.ts";
import type { Description, Relay, Restart } from "../../protocol/upkeep.ts";
import type { Mesh } from "../session.ts";

/** Copies of a frame that goes by others: one of these may not reach its receiver either. */
const WAYS = 3;
/** Of so many frames that came by others the ids are kept. */
const MOST_SEEN = 1_000;

export interface Post {
  /** Over the link to `peer` where that is open, else by others; both where it may only look open. */
  send(peer: string, frame: Description | Restart, isRestart?: boolean): void;
  /** By others, whatever the link to `peer` looks like from here. */
  sendByOthers(peer: string, frame: Description | Restart): void;
  /** Passes on what is for somebody else; what is for this client, and new, goes to `receive`. */
  pass(from: string, frame: Relay): void;
}

export function createPost(
  mesh: Mesh,
  receive: (from: string, frame: Description | Restart) => void,
): Post {
  const seen = new Set<string>();

  function send(peer: string, frame: Description | Restart, isRestart = false): void {
    const looksOpen = isOpen(mesh, peer);
    if (looksOpen) mesh.peers.get(peer)!.sendControl(frame);
    if (!looksOpen || isRestart) sendByOthers(peer, frame);
  }

  function sendByOthers(peer: string, frame: Description | Restart): void {
    const id = makeId(8);
    const others = listOpen(mesh).filter((other) => other !== peer);
    // The primary first: it knows everybody.
    others.sort((a, b) => Number(b === mesh.primary) - Number(a === mesh.primary));
    for (const other of others.slice(0, WAYS)) {
      mesh.peers.get(other)!.sendControl({ type: "relay", id, to: peer, frame });
    }
  }

  function pass(sender: string, { id, to, from, frame }: Relay): void {
    if (from === undefined) {
      // With the name of who it came from: nobody can speak for somebody else.
      mesh.peers.get(to)?.sendControl({ type: "relay", id, to, from: sender, frame });
    } else if (to === mesh.self && from !== mesh.self && !seen.has(id)) {
      if (seen.size === MOST_SEEN) seen.clear();
      seen.add(id);
      receive(from, frame);
    }
  }

  return { send, sendByOthers, pass };
}

export function isOpen({ peers }: Mesh, peer: string): boolean {
  return peers.get(peer)?.state === "open";
}

/** Whom this client reaches. */
export function listOpen(mesh: Mesh): string[] {
  return [...mesh.peers.keys()].filter((peer) => isOpen(mesh, peer));
}
