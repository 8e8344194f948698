/** The offers a primary keeps ready for joiners. */
import type { Deposit, IceServer, MAX_OFFERS } from "../protocol/wire.ts";
import { createLink, type Link } from "./link.ts";
import { type Key, seal } from "./seal.ts";

/** How many the primary keeps ready (the server says when there are too few). */
const READY = 4;
/**
 * The server asks for more while leases drain the pool; so many at the most. All fit the first frame of a
 * return: an offer left out of it is dropped there, and must not come again while a joiner has it.
 */
// A type import keeps the server's schemas out of the browser's bundle.
const MOST: typeof MAX_OFFERS = 16;
/** Nobody waits for these, so they may wait for more candidates, in milliseconds. */
const GATHERING_CAP = 1_000;

export interface OfferPool {
  /** Makes `count` more offers, unless there are enough. */
  prepare(count: number): Promise<void>;
  /** For a new socket: tops the pool up, and declares all that are live. */
  declareAll(): Promise<Deposit["connections"]>;
  /** Those that were not declared on this socket yet. */
  declare(): Deposit["connections"];
  /** The link of an offer that was answered, once; undefined when there is none (any more). */
  take(offer: string): Link | undefined;
  /** Closes all that wait. */
  clear(): void;
  close(): void;
}

/** `getIceServers`: those of the moment when an offer is made. `key` seals them. */
export function createOfferPool(getIceServers: () => IceServer[], key: Key): OfferPool {
  const links = new Map<string, Link>();
  const closing = new AbortController();
  let undeclared: string[] = [];
  let preparing = Promise.resolve();

  function prepare(count: number): Promise<void> {
    return fill(() => Math.min(links.size + count, MOST));
  }

  /** Makes offers up to the number that is right once those being made already are there. */
  function fill(countWanted: () => number): Promise<void> {
    return preparing = preparing.catch(() => {}).then(async () => {
      const length = Math.max(0, countWanted() - links.size);
      await Promise.all(Array.from({ length }, add));
    });
  }

  async function add(): Promise<void> {
    const link = await createLink(getIceServers(), closing.signal);
    const offer = await link.offer(GATHERING_CAP)
      .then((offer) => seal(key, offer, "offer"))
      .catch(() => "");
    if (closing.signal.aborted || !offer) return link.close();
    links.set(offer, link);
    undeclared.push(offer);
  }

  async function declareAll(): Promise<Deposit["connections"]> {
    await fill(() => READY);
    undeclared = [...links.keys()];
    return declare();
  }

  function declare(): Deposit["connections"] {
    return undeclared.splice(0).map((offer) => ({ offer, answer: null }));
  }

  function take(offer: string): Link | undefined {
    const link = links.get(offer);
    links.delete(offer);
    return link;
  }

  function clear(): void {
    for (const link of links.values()) link.close();
    links.clear();
    undeclared = [];
  }

  function close(): void {
    closing.abort();
    clear();
  }

  return { prepare, declareAll, declare, take, clear, close };
}
