/** A free offer to one joiner, and back: the only place where an offer is leased. */
import type { Context, Gone } from "./context.ts";
import { delay } from "./delay.ts";
import { countUp } from "./metrics.ts";
import { count, keyOfOffer, keyOfOffers, nameOffer, type Offer, waitForOffer } from "./offer.ts";
import type { Sight } from "./pool.ts";
import { isOver, keyOfSession, type Session } from "./session.ts";
import { check, set } from "./store.ts";

export interface Lease {
  offer: string;
  leaseExpiresAt: number;
  target: string | null;
}

/** Each failed try means that another joiner got that offer, or that the session changed. */
const MOST_TRIES = 50;

/**
 * Leases one free offer, chosen at random so that concurrent joiners rarely meet.
 * "no-free-offer" only after the store itself showed none.
 */
export async function leaseOffer(
  context: Context,
  id: string,
): Promise<Lease | "no-free-offer" | Gone> {
  const { pool, settings, now } = context;
  let sight = pool.recall(id);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (!sight?.free.size) sight = await pool.look(context, id);
    if (!sight.session) return "no-such-session";
    const { value: session } = sight.session;
    if (isOver(context, session)) return "ended";
    const entry = takeRandom(sight.free);
    if (!entry) {
      context.mail.wake(session, id);
      countUp("leases_refused");
      return "no-free-offer";
    }
    const leaseExpiresAt = now() + settings.leaseTime;
    const leased = { offer: entry.value.offer, leaseExpiresAt, leasedBy: context.isolate };
    const versionstamp = await context.store.commit({
      checks: [check(sight.session), check(entry)],
      mutations: [
        set(entry.key, leased),
        ...count(id, { consumed: entry.value.leaseExpiresAt === null ? 1 : 0 }),
        ...context.mail.note(session, id),
      ],
    });
    if (versionstamp) {
      sight.leased.set(entry.key[2] as string, { key: entry.key, value: leased, versionstamp });
      context.mail.wake(session, id);
      countUp("leases");
      return { offer: leased.offer, leaseExpiresAt, target: session.target };
    }
    countUp("conflicts");
    pool.forget(id);
    sight = undefined;
    await delay(Math.random() * Math.min(tries, 20));
  }
  return "no-free-offer";
}

/** Gives a lease back before its time. `leaseExpiresAt` names it: a later lease is not touched. */
export async function giveBackOffer(
  context: Context,
  id: string,
  offer: string,
  leaseExpiresAt: number,
): Promise<"given-back" | "not-leased" | Gone> {
  const key = keyOfOffer(id, nameOffer(offer));
  for (let tries = 0; tries < MOST_TRIES; tries++) {
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
    if (versionstamp) {
      showFree(context.pool.recall(id), { key, value: free, versionstamp });
      context.mail.wake(session.value, id);
      countUp("leases_given_back");
      return "given-back";
    }
  }
  return "not-leased";
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
  if (versionstamp) showFree(context.pool.recall(id), { ...entry, value: free, versionstamp });
  return versionstamp;
}

function showFree(sight: Sight | undefined, entry: Deno.KvEntry<Offer>) {
  sight?.leased.delete(entry.key[2] as string);
  sight?.free.set(entry.key[2] as string, entry);
}

/** Takes the entry out, so that the next request of this isolate chooses another. */
function takeRandom<T>(entries: Map<string, T>): T | undefined {
  const ids = [...entries.keys()];
  const id = ids[Math.floor(Math.random() * ids.length)];
  const entry = entries.get(id);
  entries.delete(id);
  return entry;
}
