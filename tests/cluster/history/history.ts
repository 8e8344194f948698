/**
 * What clients saw of the servers: every request with its begin and its end, and what reached the
 * primaries. Times are milliseconds on the one clock of those who watch; when the server acted lies
 * somewhere between begin and end.
 */
export interface History {
  /** How long a lease runs, in milliseconds. */
  leaseTime: number;
  /** Whether the store was out of reach at times: then any request may have been put off. */
  storeWasAway: boolean;
  requests: Request[];
  sessions: SessionHistory[];
}

export interface Request {
  session: string;
  joiner: string;
  action: Action;
  begin: number;
  end: number;
  /** The status, or "lost" where nobody knows what became of it. */
  outcome: number | "lost";
  retryAfter: boolean;
}

/** `lease` is the lease's own name: `leaseExpiresAt`. A GET got neither where it got no offer. */
export type Action =
  | { kind: "lease"; offer?: string; lease?: number }
  | { kind: "answer"; offer: string; lease: number; answer: string }
  | { kind: "give-back"; offer: string; lease: number }
  | { kind: "look" };

export interface SessionHistory {
  id: string;
  /** Every answer as it came, repeats included. */
  deliveries: { id: string; offer: string; answer: string }[];
  /** Offers that a return did not declare. */
  dropped: ReadonlySet<string>;
  quiet: Quiet;
  /** When its primary ended it, and when it knew that it had. */
  ending: { begin: number; end: number };
}

/** How a session was when nothing moved any more. */
export interface Quiet {
  /** What the server counted. */
  offers: number;
  consumed: number;
  /** Whether its primary had one socket only: the server has closed those before it. */
  isAlone: boolean;
  /** The offers that its primary holds, and those that joiners got. */
  live: string[];
  leasable: string[];
}
