/** An offer's record and the counter of a session. `free -> leased -> answered -> delivered`. */
import type { Context } from "./context.ts";
import { digest } from "./digest.ts";
import { add, type Store } from "./store.ts";

/** A live offer. Once it is answered its record makes way for the answer's. */
export interface Offer {
  offer: string;
  /** Until when it is leased, in milliseconds since the epoch; null while it is free. */
  leaseExpiresAt: number | null;
  /** The isolate that leased it, in whose time that is. */
  leasedBy?: string;
  /** Who holds the lease (see share.ts), where that is known. */
  leasedTo?: string;
}

export const keyOfOffers = (session: string) => ["offer", session];
export const keyOfOffer = (session: string, id: string) => ["offer", session, id];

/** An offer's id: the same offer deposited twice is one offer. */
export const nameOffer = (offer: string) => digest(offer);

/** The milliseconds until it may be leased (again); 0 where it is free. */
export function waitForOffer(context: Context, id: string, offer: Offer): number {
  const { leaseExpiresAt, leasedBy } = offer;
  if (leaseExpiresAt === null) return 0;
  const left = leasedBy === context.isolate ? leaseExpiresAt - context.now() : context.patience(
    `${id} ${nameOffer(offer.offer)} ${leaseExpiresAt}`,
    context.settings.leaseTime,
  );
  return Math.max(0, left);
}

/** `offers` deposited and not dropped; `consumed` of them leased or answered; `answered` of those. */
export interface Counts {
  offers: number;
  consumed: number;
  answered: number;
}

export const keyOfCount = (session: string, name: keyof Counts) => ["count", session, name];

/** The mutations that move the counter by `change`, in the commit that moves the offers. */
export function count(session: string, change: Partial<Counts>): Deno.KvMutation[] {
  return (Object.entries(change) as [keyof Counts, number][])
    .filter(([, by]) => by !== 0)
    .map(([name, by]) => add(keyOfCount(session, name), by));
}

export async function readCounts(store: Store, session: string): Promise<Counts> {
  const names = ["offers", "consumed", "answered"] as const;
  const entries = await store.getMany<[Deno.KvU64, Deno.KvU64, Deno.KvU64]>(
    [keyOfCount(session, names[0]), keyOfCount(session, names[1]), keyOfCount(session, names[2])],
  );
  const [offers, consumed, answered] = entries.map(({ value }) => Number(value?.value ?? 0n));
  return { offers, consumed, answered };
}

/** A pool with this many free offers or fewer asks for more, */
const LOW = 1;
/** up to this many free ones, */
const FULL = 4;
/** as long as the primary holds no more than this many, leased ones included. */
const MOST_WANTED = 16;
/** More live offers than this are refused. */
export const MOST_LIVE = 48;

/**
 * How many offers to ask the primary for, beside the `pending` ones it was asked for already, while so
 * many joiners are `waiting` for one.
 */
export function countWanted(
  { offers, consumed, answered }: Counts,
  pending: number,
  waiting: number,
): number {
  const free = offers - consumed;
  const live = offers - answered;
  if (free > LOW) return 0;
  return Math.max(0, Math.min(FULL + waiting - free, MOST_WANTED - live) - pending);
}
