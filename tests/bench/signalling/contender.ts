/** Joiners in flight that come to the same primary. */
export const JOINERS_PER_SESSION = 4;

/** A signalling server in the comparison. */
export interface Contender {
  readonly name: string;
  /**
   * Whether a joiner keeps its connection for the next join, or is somebody new each time: opens one,
   * joins and closes it.
   */
  readonly connections: "kept" | "fresh";
  /** Its processes, the store's included. */
  readonly pids: number[];
  /** Brings `inFlight` pairs of clients to the server. */
  prepare(inFlight: number): Promise<Crowd>;
  stop(): Promise<void>;
}

/** Clients that are ready. */
export interface Crowd {
  /**
   * One handshake in one of the `inFlight` slots, which has one at a time. Returns the milliseconds
   * from sending the answer to its arrival at the client that made the offer.
   */
  join(slot: number): Promise<number>;
  /** How often a joiner found no free offer and asked again. */
  readonly retries: number;
  leave(): void | Promise<void>;
}
