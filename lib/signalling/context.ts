import type { Limits } from "./limits.ts";
import type { Mail } from "./mail.ts";
import type { Patience } from "./patience.ts";
import type { Pool } from "./pool.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store.ts";

/** What every part of the signalling server works with. */
export interface Context {
  /** This isolate's name among those that share the store. */
  readonly isolate: string;
  readonly settings: Settings;
  readonly store: Store;
  readonly mail: Mail;
  readonly limits: Limits;
  readonly pool: Pool;
  /** Milliseconds since the epoch, never backwards. */
  readonly now: () => number;
  readonly patience: Patience;
  /** Sessions that may still be held by a socket of this isolate that is gone, and how often to look. */
  readonly doubtful: Map<string, number>;
  /** Aborted when this isolate lets go of the store. */
  readonly closing: AbortSignal;
}

/** How a session is found that cannot be joined. */
export type Gone = "no-such-session" | "ended";
