/**
 * The free offers this isolate has seen: the seed's in-memory cache. With it a lease is one commit
 * and no read before it. It may be stale; then the commit fails, and the store is read again.
 */
import { keyOfOffers, type Offer, waitForOffer } from "./offer.ts";
import type { Context } from "./context.ts";
import { keyOfSession, type Session, type SessionEntry } from "./session.ts";
import type { Store } from "./store.ts";

export interface Sight {
  session: SessionEntry | null;
  /** Free ones, or leased ones whose time is over. By offer id. */
  free: Map<string, Deno.KvEntry<Offer>>;
  /** Leases granted here, so that their answers need no read. By offer id. */
  leased: Map<string, Deno.KvEntry<Offer>>;
}

export interface Pool {
  /** What was seen last, if anything. */
  recall(session: string): Sight | undefined;
  /** Reads the store; the read begins after the call. */
  look(context: Context, session: string): Promise<Sight>;
  forget(session: string): void;
  remember(session: string, sight: Sight): void;
}

interface Look {
  running: Promise<Sight>;
  /** Begins when `running` is done. */
  next: Promise<Sight> | null;
}

/** Sessions kept in sight; about 8 kB each. */
const MOST_SESSIONS = 2_000;

export function createPool(store: Store): Pool {
  const sights = new Map<string, Sight>();
  const looks = new Map<string, Look>();

  async function read(context: Context, id: string): Promise<Sight> {
    const [session, offers] = await Promise.all([
      store.get<Session>(keyOfSession(id)),
      store.list<Offer>(keyOfOffers(id)),
    ]);
    const free = offers.filter(({ value }) => waitForOffer(context, id, value) === 0);
    const sight = {
      session: session.versionstamp ? session : null,
      free: new Map(free.map((entry) => [entry.key[2] as string, entry])),
      leased: new Map(),
    };
    if (sight.session) remember(id, sight);
    else forget(id);
    return sight;
  }

  function remember(id: string, sight: Sight) {
    sights.delete(id);
    sights.set(id, sight);
    if (sights.size > MOST_SESSIONS) sights.delete(sights.keys().next().value!);
  }

  const forget = (id: string) => void sights.delete(id);

  return {
    remember,
    forget,
    recall(id) {
      const sight = sights.get(id);
      if (sight) remember(id, sight);
      return sight;
    },
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
