/** A session's record: who may be its primary, where the primary's socket is, and when it ends. */

import type { Context } from "./context.ts";

export interface Session {
  /** Digest of the capability to come back as the primary. */
  keyHash: string;
  /** How many primaries there were, with this one; records from before terms have none. */
  term?: number;
  /** Digest of the capability to take over from this primary. */
  successionHash?: string | null;
  /** Digests of the keys and capabilities of the terms before, to tell who is late from who is wrong. */
  former?: string[];
  target: string | null;
  /** Where the primary's socket is; null while it is lost. */
  holder: Holder | null;
  /** When a session without a socket ends, in milliseconds since the epoch; null while it has one. */
  awayUntil: number | null;
  /** The isolate that lost the socket, in whose time that is. */
  awayBy?: string;
  /** When it ended; the record stays a while so that its link can say so. */
  endedAt: number | null;
}

export interface Holder {
  isolate: string;
  socket: string;
}

export type SessionEntry = Deno.KvEntry<Session>;

export const keyOfSession = (id: string) => ["session", id];
/** Which sessions' sockets an isolate holds: what to release when it died. */
export const keyOfHeld = (isolate: string, id: string) => ["held", isolate, id];
/** Sessions that wait for their primary. The value is `awayUntil`. */
export const keyOfAway = (id: string) => ["away", id];

/** How long an ended session's link says "ended" rather than "no such session", in milliseconds. */
export const TOMBSTONE_TIME = 24 * 3_600_000;

export function isOver(context: Context, { endedAt, awayUntil, awayBy }: Session): boolean {
  if (endedAt !== null) return true;
  // Where another isolate lost the socket it ends the session, or a sweep does that outwaited it.
  return awayUntil !== null && awayBy === context.isolate && awayUntil <= context.now();
}
