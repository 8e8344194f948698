/** A free offer to one joiner, and back: the only place where an offer is leased. */
import type { Context, Gone } from "./context.ts";
import { createDeadlines } from "./deadline.ts";
import { countUp } from "./metrics.ts";
import { count, keyOfOffer, keyOfOffers, nameOffer, type Offer, waitForOffer } from "./offer.ts";
import { retryChange } from "./retry_change.ts";
import { isOver, keyOfSession, type Session } from "./session.ts";
import { nameHolder, takeShare } from "./share.ts";
import { check, set } from "./store.ts";

export interface Lease {
  offer: string;
  leaseExpiresAt: number;
  target: string | null;
}

/**
 * Leases one free offer, chosen at random so that concurrent joiners rarely meet.
 * "no-free-offer" only after the store itself showed none; for a session whose primary is here it may
 * have done so a second ago (see pool.ts).
 */
export async function leaseOffer(
  context: Context,
  id: string,
  address: string | null = null,
): Promise<Lease | "no-free-offer" | Gone> {
  const { pool, settings, now } = context;
  let sight = pool.recall(id);
  if (!sight?.free.size && !pool.isDrained(context, id)) sight = undefined;
  return await retryChange(async () => {
    const { session, free, taking, leased, out } = sight ?? await pool.look(context, id);
    sight = undefined;
    if (!session) return "no-such-session";
    if (isOver(context, session.value)) return "ended";
    const holder = address === null ? undefined : nameHolder(id, address);
    const entry = takeRandom(free) ?? (holder && takeShare(context, out, holder));
    if (!entry) return "no-free-offer";
    const offerId = entry.key[2] as string;
    const lease = {
      offer: entry.value.offer,
      leaseExpiresAt: now() + settings.leaseTime,
      leasedBy: context.isolate,
      leasedTo: holder,
    };
    const change = { consumed: entry.value.leaseExpiresAt === null ? 1 : 0 };
    taking.add(offerId);
    const versionstamp = await context.store.commit({
      checks: [check(session), check(entry)],
      mutations: [
        set(entry.key, lease),
        ...count(id, change),
        ...context.mail.note(session.value, id),
      ],
    }).catch((error) => {
      pool.doubt(id);
      throw error;
    }).finally(() => taking.delete(offerId));
    if (!versionstamp) return countUp("conflicts");
    leased.set(offerId, { key: entry.key, value: lease, versionstamp });
    context.mail.wake(session.value, id, change);
    countUp("leases");
    const { offer, leaseExpiresAt } = lease;
    return { offer, leaseExpiresAt, target: session.value.target };
  });
}

/** How long a joiner who finds no free offer waits for the primary's refill, in milliseconds. */
const REFILL_TIME = 400;
/** A refill at another isolate is seen only by looking; one here is shown. */
const lookTime = createDeadlines(100);
const showTime = createDeadlines(REFILL_TIME);
/**
 * Where the primary's socket is here its refills are shown here, and before anybody looks for what
 * others gave back there are so many milliseconds for one to come.
 */
const FIRST_LOOK_TIME = 25;
const firstLookTime = createDeadlines(FIRST_LOOK_TIME);

/**
 * Leases an offer, or the one that the primary is just asked for, or one of somebody who holds too many.
 * `address`: who asks; null where that is not known.
 */
export async function leaseNextOffer(
  context: Context,
  id: string,
  address: string | null = null,
): Promise<Lease | "no-free-offer" | Gone> {
  const { pool, mail } = context;
  const start = performance.now();
  const end = start + REFILL_TIME;
  for (let session = findDrained(context, id); session; session = findDrained(context, id)) {
    const waited = pool.waitForOffer(id, firstLookTime);
    mail.wake(session, id, {});
    if (await waited === "crowded" || performance.now() >= start + FIRST_LOOK_TIME) break;
  }
  while (true) {
    const isSeen = pool.mayLook(context, id);
    const result = isSeen ? await leaseOffer(context, id, address) : "no-free-offer";
    if (!isSeen) countUp("requests_shed");
    const session = pool.recall(id)?.session?.value;
    if (result !== "no-free-offer" || !session) return result;
    const canWait = session.holder !== null && performance.now() < end;
    const time = session.holder?.isolate === context.isolate ? showTime : lookTime;
    const waited = canWait ? pool.waitForOffer(id, time) : "crowded";
    // The holder learns it when this joiner is counted among those who wait.
    mail.wake(session, id, {});
    if (await waited === "crowded") {
      countUp("leases_refused");
      return "no-free-offer";
    }
  }
}

/** The session, where its primary's socket is here and no free offer is in sight. */
function findDrained({ pool, isolate }: Context, id: string): Session | null {
  const sight = pool.recall(id);
  const session = sight?.session?.value;
  return session?.holder?.isolate === isolate && sight!.free.size === 0 ? session : null;
}

/** Gives a lease back before its time. `leaseExpiresAt` names it: a later lease is not touched. */
export async function giveBackOffer(
  context: Context,
  id: string,
  offer: string,
  leaseExpiresAt: number,
): Promise<"given-back" | "not-leased" | Gone> {
  const key = keyOfOffer(id, nameOffer(offer));
  return await retryChange(async () => {
    const [session, entry] = await context.store.getMany<[Session, Offer]>([keyOfSession(id), key]);
    if (!session.value) return "no-such-session";
    if (isOver(context, session.value)) return "ended";
    if (entry.value?.leaseExpiresAt !== leaseExpiresAt) return "not-leased";
    const free = { offer: entry.value.offer, leaseExpiresAt: null };
    const versionstamp = await context.store.commit({
      checks: [check(session), check(entry)],
      mutations: [
        set(key, free),
        ...count(id, { consumed: -1 }),
        ...context.mail.note(session.value, id),
      ],
    });
    if (!versionstamp) return;
    context.pool.show(id, [{ key, value: free, versionstamp }]);
    context.mail.wake(session.value, id, { consumed: -1 });
    countUp("leases_given_back");
    return "given-back";
  });
}

/**
 * Frees the offers whose leases ran out. Returns how many it freed, and in how many milliseconds the
 * next lease ends (null where none is out).
 */
export async function endLeases(
  context: Context,
  id: string,
): Promise<{ ended: number; next: number | null }> {
  const entries = await context.store.list<Offer>(keyOfOffers(id));
  const out = entries.filter(({ value }) => value.leaseExpiresAt !== null)
    .map((entry) => ({ entry, wait: waitForOffer(context, id, entry.value) }));
  const freed = await Promise.all(
    out.filter(({ wait }) => wait === 0).map(({ entry }) => freeOffer(context, id, entry)),
  );
  countUp("lease_ends", freed.filter(Boolean).length);
  const waits = out.map(({ wait }) => wait).filter((wait) => wait > 0);
  return {
    ended: freed.filter(Boolean).length,
    next: waits.length > 0 ? Math.min(...waits) : null,
  };
}

async function freeOffer(context: Context, id: string, entry: Deno.KvEntry<Offer>) {
  const free = { offer: entry.value.offer, leaseExpiresAt: null };
  const versionstamp = await context.store.commit({
    checks: [check(entry)],
    mutations: [set(entry.key, free), ...count(id, { consumed: -1 })],
  });
  if (versionstamp) context.pool.show(id, [{ ...entry, value: free, versionstamp }]);
  return versionstamp;
}

/** Takes the entry out, so that the next request of this isolate chooses another. */
function takeRandom<T>(entries: Map<string, T>): T | undefined {
  const ids = [...entries.keys()];
  const id = ids[Math.floor(Math.random() * ids.length)];
  const entry = entries.get(id);
  entries.delete(id);
  return entry;
}
