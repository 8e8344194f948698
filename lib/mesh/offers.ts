/** The offers a primary keeps ready for joiners. */
import type { Deposit, IceServer, MAX_OFFERS } from "../protocol/wire.ts";
import { createLink, type Link } from "./link.ts";

/** How many the primary keeps ready (the server says when there are too few). */
const READY = 4;
// A type import keeps the server's schemas out of the browser's bundle.
const MOST: typeof MAX_OFFERS = 16;
/** Nobody waits for these, so they may wait for candidates, in milliseconds. */
const GATHERING_CAP = 1_000;

export class OfferPool {
  /** The prepared links by their offers; of each, whether the server on this socket knows it. */
  readonly #links = new Map<string, Link>();
  readonly #undeclared = new Set<string>();
  readonly #closing = new AbortController();

  constructor(public iceServers: IceServer[]) {}

  /** Tops the pool up, and gives all offers that are live. */
  async declareAll(): Promise<Deposit["connections"]> {
    await this.#prepare(READY - this.#links.size);
    this.#undeclared.clear();
    return toConnections(this.#links.keys());
  }

  /** Makes `count` more, and gives those that were not declared yet. */
  async declareMore(count: number): Promise<Deposit["connections"]> {
    await this.#prepare(Math.min(count, MOST - this.#links.size));
    const offers = [...this.#undeclared];
    this.#undeclared.clear();
    return toConnections(offers);
  }

  /** The link of an offer that was answered, once; undefined when there is none (any more). */
  take(offer: string): Link | undefined {
    const link = this.#links.get(offer);
    this.#links.delete(offer);
    return link;
  }

  /** Closes all that wait. */
  clear(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#undeclared.clear();
  }

  close(): void {
    this.#closing.abort();
    this.clear();
  }

  async #prepare(count: number): Promise<void> {
    await Promise.all(Array.from({ length: Math.max(0, count) }, async () => {
      const link = await createLink(this.iceServers, this.#closing.signal);
      const offer = await link.offer(GATHERING_CAP);
      if (this.#closing.signal.aborted) return link.close();
      this.#links.set(offer, link);
      this.#undeclared.add(offer);
    }));
  }
}

function toConnections(offers: Iterable<string>): Deposit["connections"] {
  return Array.from(offers, (offer) => ({ offer, answer: null }));
}
