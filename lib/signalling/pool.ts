/**
 * The free offers this isolate has seen: the seed's in-memory cache. With it a lease is one commit
 * and no read before it. It may be stale; then the commit fails, and the store is read again.
 */
import type { Deadlines } from "./deadline.ts";
import { dropOldest } from "./drop_oldest.ts";
import { keyOfOffers, type Offer, waitForOffer } from "./offer.ts";
import type { Context } from "./context.ts";
import { keyOfSession, type Session, type SessionEntry } from "./session.ts";
import type { Store } from "./store.ts";

/** What was seen of a session, by offer id where there are several. */
export interface Sight {
  session: SessionEntry | null;
  /** Free ones, or leased ones whose time is over. */
  free: Map<string, Deno.KvEntry<Offer>>;
  /** Leased ones, as they were when the store was read last. */
  out: Deno.KvEntry<Offer>[];
  /** Those whose lease is being committed here. */
  taking: Set<string>;
  /** Leases granted here, so that their answers need no read. */
  leased: Map<string, Deno.KvEntry<Offer>>;
  /** Until when there is none free, as far as can be foreseen from here; by the context's clock. */
  drainedUntil: number;
  /** How often somebody else changed it: a look may have missed the last one. */
  doubts: number;
  /** What was ever deposited, so that a deposit needs no read; null where that is not known. */
  ledger: Ledger | null;
}

/** The offers of a session, consumed or not, at one version of its counter of offers. */
export interface Ledger {
  ids: ReadonlySet<string>;
  versionstamp: string | null;
}

export interface Pool {
  /** What was seen last, if anything. */
  recall(session: string): Sight | undefined;
  /** Whether anything of it was seen. */
  knows(session: string): boolean;
  /** Whether another look would find no free offer, as the last one did. */
  isDrained(context: Context, session: string): boolean;
  /** Somebody else changed the session: the next one who finds no free offer in sight looks. */
  doubt(session: string): void;
  /** Reads the store; the read begins after the call. */
  look(context: Context, session: string): Promise<Sight>;
  /** Offers of a session that are free since a commit of this isolate. */
  show(session: string, entries: Deno.KvEntry<Offer>[]): void;
  /** A session as a commit of this isolate left it. */
  showSession(entry: SessionEntry): void;
  /** What was deposited as a commit of this isolate left it; null where one failed that rested on it. */
  showLedger(session: string, ledger: Ledger | null): void;
  forget(session: string): void;
  /** Resolves when an offer is shown, or when the time is over; "crowded" where too many wait. */
  waitForOffer(session: string, time: Deadlines): Promise<"waited" | "crowded">;
  countWaiting(session: string): number;
  /** Whether one more would be told so. */
  isCrowded(session: string): boolean;
  /**
   * Whether a lease is one commit, or the store has time for another read: those who ask for sessions that
   * have no offer, or are none, do not keep the others waiting.
   */
  mayLook(context: Context, session: string): boolean;
}

interface Look {
  running: Promise<Sight>;
  /** Begins when `running` is done. */
  next: Promise<Sight> | null;
}

/** Sessions kept in sight; about 8 kB each. */
const MOST_SESSIONS = 1_000;
/** A session whose offers are longer altogether is read each time: memory has a bound. */
const MOST_CHARACTERS = 65_536;
/** Sessions that are read at a time. */
const MOST_LOOKS = 64;
/**
 * What is found drained is not read again for so many milliseconds, where the primary's socket is here: what
 * becomes free is shown then, or there is a note of it. Reading many offers costs more than all else that
 * is done for one who gets none.
 */
const DRAINED_TIME = 1_000;
/** Joiners of one session that wait for an offer at the same time, and those of all sessions. */
const MOST_WAITING = 64;
const MOST_WAITING_IN_ALL = 512;

export function createPool(store: Store): Pool {
  const sights = new Map<string, Sight>();
  /** Sessions that are read each time. */
  const large = new Set<string>();
  const looks = new Map<string, Look>();
  const waiting = new Map<string, Set<() => void>>();
  let waitingInAll = 0;

  async function read(context: Context, id: string): Promise<Sight> {
    const start = context.now();
    const before = sights.get(id);
    const doubts = before?.doubts;
    const seen = new Set(before?.free.values());
    const reading = store.get<Session>(keyOfSession(id));
    // Ids that nobody has seen here are mostly made up: those have no offers.
    if (!before && !(await reading).versionstamp) return makeSight();
    const [session, offers] = await Promise.all([reading, store.list<Offer>(keyOfOffers(id))]);
    const sight = sights.get(id) ?? makeSight();
    sight.session = session.versionstamp ? session : null;
    // Their answers may have gone to other isolates.
    for (const [offerId, { value }] of sight.leased) {
      if (waitForOffer(context, id, value) === 0) sight.leased.delete(offerId);
    }
    const waits = offers.map(({ value }) => waitForOffer(context, id, value));
    sight.out = offers.filter((_, i) => waits[i] > 0);
    // What was shown meanwhile may be newer than the list.
    const shown = [...sight.free].filter(([, entry]) => !seen.has(entry));
    sight.free = new Map(
      offers
        .filter((entry, i) => waits[i] === 0 && !isTaken(sight, entry))
        .map((entry) => [entry.key[2] as string, entry]),
    );
    for (const [offerId, entry] of shown) sight.free.set(offerId, entry);
    const isCertain = sight.free.size === 0 && sight === before && sight.doubts === doubts &&
      sight.session?.value.holder?.isolate === context.isolate;
    sight.drainedUntil = isCertain ? start + Math.min(DRAINED_TIME, ...waits) : 0;
    const size = offers.reduce((sum, { value }) => sum + value.offer.length, 0);
    if (sight.session && size <= MOST_CHARACTERS) remember(id, sight);
    else forget(id);
    if (sight.session && size > MOST_CHARACTERS) dropOldest(large.add(id), MOST_SESSIONS);
    return sight;
  }

  /** Or was taken here after the list had been read: versions grow (Deno KV). */
  function isTaken({ taking, leased }: Sight, { key, versionstamp }: Deno.KvEntry<Offer>): boolean {
    const id = key[2] as string;
    return taking.has(id) || (leased.get(id)?.versionstamp ?? "") > versionstamp;
  }

  const makeSight = (): Sight => ({
    session: null,
    free: new Map(),
    out: [],
    taking: new Set(),
    leased: new Map(),
    drainedUntil: 0,
    doubts: 0,
    ledger: null,
  });

  function isDrained(context: Context, id: string): boolean {
    const sight = sights.get(id);
    return !!sight && sight.free.size === 0 && context.now() < sight.drainedUntil;
  }

  function remember(id: string, sight: Sight) {
    sights.delete(id);
    sights.set(id, sight);
    dropOldest(sights, MOST_SESSIONS);
  }

  function recall(id: string): Sight | undefined {
    const sight = sights.get(id);
    if (sight) remember(id, sight);
    return sight;
  }

  const forget = (id: string) => void sights.delete(id);

  return {
    forget,
    recall,
    knows: (id) => sights.has(id) || large.has(id),
    isDrained,
    doubt(id) {
      const sight = sights.get(id);
      if (!sight) return;
      sight.drainedUntil = 0;
      sight.doubts++;
    },
    show(id, entries) {
      const sight = recall(id);
      for (const entry of entries) {
        sight?.leased.delete(entry.key[2] as string);
        sight?.free.set(entry.key[2] as string, entry);
      }
      [...waiting.get(id) ?? []].slice(0, entries.length).forEach((wake) => wake());
    },
    showSession(entry) {
      const id = entry.key[1] as string;
      const sight = recall(id) ?? makeSight();
      sight.session = entry;
      remember(id, sight);
    },
    showLedger(id, ledger) {
      const sight = recall(id);
      if (sight) sight.ledger = ledger;
    },
    waitForOffer(id, time) {
      const others = waiting.get(id) ?? new Set();
      if (others.size >= MOST_WAITING || waitingInAll >= MOST_WAITING_IN_ALL) {
        return Promise.resolve("crowded");
      }
      waitingInAll++;
      waiting.set(id, others);
      return new Promise((resolve) => {
        const cancel = time.start(wake);
        others.add(wake);
        function wake() {
          cancel();
          if (others.delete(wake)) waitingInAll--;
          if (others.size === 0) waiting.delete(id);
          resolve("waited");
        }
      });
    },
    isCrowded: (id) => !sights.get(id)?.free.size && (waiting.get(id)?.size ?? 0) >= MOST_WAITING,
    mayLook: (context, id) =>
      !!sights.get(id)?.free.size || isDrained(context, id) || looks.has(id) ||
      looks.size < MOST_LOOKS,
    countWaiting: (id) => waiting.get(id)?.size ?? 0,
    look(context, id) {
      // Many joiners of one session share a read, but only one that begins after they came: an
      // earlier one may have missed an offer that is free by now.
      const look = looks.get(id);
      if (look) return look.next ??= look.running.then(() => begin());
      return begin();

      function begin(): Promise<Sight> {
        const running = read(context, id);
        const mine: Look = { next: null, running };
        looks.set(id, mine);
        // Where the store fails, it fails for the next one, too: that would wait as long again.
        const drop = () => void (looks.get(id) === mine && looks.delete(id));
        running.then(() => mine.next || drop(), drop);
        return running;
      }
    },
  };
}
