/** Sessions from their first deposit to their end. */
import { keyOfAllDelivered, keyOfAnswers } from "./answer.ts";
import { type Claim, grantClaim, judgeClaim, type Refusal } from "./claim.ts";
import type { Context, Gone } from "./context.ts";
import { log, shorten } from "./log.ts";
import { countUp } from "./metrics.ts";
import { count, keyOfCount, keyOfOffer, keyOfOffers, nameOffer, type Offer } from "./offer.ts";
import type { Ledger } from "./pool.ts";
import { retryChange } from "./retry_change.ts";
import {
  isOver,
  keyOfAway,
  keyOfHeld,
  keyOfSession,
  type Session,
  TOMBSTONE_TIME,
} from "./session.ts";
import { type Change, check, remove, set } from "./store.ts";

/** The session as the store has it now, or how it is gone. */
export async function findSession(context: Context, id: string): Promise<Session | Gone> {
  const { value } = await context.store.get<Session>(keyOfSession(id));
  if (!value) return "no-such-session";
  return isOver(context, value) ? "ended" : value;
}

export interface Opened {
  how: "opened" | "returned" | "taken-over";
  term: number;
}
const HOW = { "open": "opened", "return": "returned", "take-over": "taken-over" } as const;
const COUNTED = {
  "opened": "sessions_opened",
  "returned": "sessions_returned",
  "taken-over": "sessions_taken_over",
} as const;

/** Asked before anything is changed. */
interface Guards {
  /** "gone" where not: a socket that nobody has any more takes over from none. */
  isOpen: () => boolean;
  /** "too-many" where not. */
  mayCreate: () => boolean;
}

/**
 * The first frame of a primary: creates the session, comes back to it with the right key, or takes over
 * from a primary that is away. The socket is the session's from here on; one before it in another
 * isolate learns so by mail.
 */
export async function openSession(
  context: Context,
  id: string,
  socket: string,
  first: Claim & { offers: string[]; target: string | null },
  { isOpen = () => true, mayCreate = () => true }: Partial<Guards> = {},
): Promise<Opened | Refusal | "gone" | "too-many"> {
  const { store, isolate, mail, pool } = context;
  let isAllowed = false;
  return await retryChange(async () => {
    const entry = await store.get<Session>(keyOfSession(id));
    const before = entry.value;
    const verdict = judgeClaim(before, first, (record) => isOver(context, record));
    if (verdict === "key-refused" || verdict === "superseded" || verdict === "ended") {
      return verdict;
    }
    const session: Session = {
      ...grantClaim(before, first, verdict),
      target: first.target ?? before?.target ?? null,
      holder: { isolate, socket },
      awayUntil: null,
      endedAt: null,
    };
    const deposit = before
      ? await planLaterDeposit(context, id, first.offers)
      : planDeposit(id, first.offers);
    if (!isOpen()) return "gone";
    if (verdict === "open" && !(isAllowed ||= mayCreate())) return "too-many";
    const moved = before?.holder && before.holder.isolate !== isolate;
    const versionstamp = await store.commit({
      checks: [check(entry), ...deposit.checks],
      mutations: [
        set(keyOfSession(id), session),
        set(keyOfHeld(isolate, id), true),
        remove(keyOfAway(id)),
        ...(moved ? [remove(keyOfHeld(before.holder!.isolate, id)), ...mail.note(before, id)] : []),
        ...deposit.mutations,
      ],
    });
    if (!versionstamp) return void pool.showLedger(id, null);
    pool.forget(id);
    const opened = { how: HOW[verdict], term: session.term! };
    log(`session-${opened.how}`, { session: shorten(id) });
    countUp(COUNTED[opened.how]);
    if (before) {
      if (moved) mail.wake(before, id, {});
      return opened;
    }
    pool.showSession({ key: entry.key, value: session, versionstamp });
    pool.showLedger(id, addToLedger(deposit, versionstamp));
    pool.show(id, deposit.fresh.map((offer) => ({ ...offer, versionstamp })));
    return opened;
  });
}

/**
 * On a return: drops all live offers but those in `declared`, which are all that the primary has.
 * Nothing to do where another socket took over meanwhile.
 */
export async function dropUndeclared(
  context: Context,
  id: string,
  socket: string,
  declared: string[],
): Promise<void> {
  const { store, pool } = context;
  await retryChange(async () => {
    const session = await store.get<Session>(keyOfSession(id));
    if (session.value?.holder?.socket !== socket) return true;
    const entries = await store.list<Offer>(keyOfOffers(id));
    const undeclared = entries.filter(({ value }) => !declared.includes(value.offer));
    if (undeclared.length === 0) return true;
    await Promise.all(undeclared.map((entry) =>
      store.commit({
        checks: [check(session), check(entry)],
        mutations: [
          remove(entry.key),
          ...count(id, { offers: -1, consumed: entry.value.leaseExpiresAt === null ? 0 : -1 }),
        ],
      })
    ));
    pool.forget(id);
  });
}

/** More offers from the primary. Those that the session already knows are left as they are. */
export async function depositOffers(
  context: Context,
  id: string,
  socket: string,
  offers: string[],
): Promise<{ deposited: number } | "not-holder"> {
  const { store, pool } = context;
  let entry: Deno.KvEntryMaybe<Session> | null | undefined = pool.recall(id)?.session;
  // It may be an old one: only the store can say that somebody else has the session.
  if (entry?.value?.holder?.socket !== socket) entry = null;
  return await retryChange(async () => {
    entry ??= await store.get<Session>(keyOfSession(id));
    if (entry.value?.holder?.socket !== socket) return "not-holder";
    const deposit = await planLaterDeposit(context, id, offers);
    const { checks, mutations, fresh } = deposit;
    if (fresh.length === 0) return { deposited: 0 };
    const versionstamp = await store.commit({ checks: [check(entry), ...checks], mutations });
    entry = undefined;
    pool.showLedger(id, versionstamp ? addToLedger(deposit, versionstamp) : null);
    if (!versionstamp) return;
    pool.show(id, fresh.map((offer) => ({ ...offer, versionstamp })));
    return { deposited: fresh.length };
  });
}

/** The primary's socket is lost: the session stays open for the time of grace. */
export async function releaseSession(context: Context, id: string, socket: string): Promise<void> {
  await retryChange(async () => {
    const entry = await context.store.get<Session>(keyOfSession(id));
    if (entry.value?.holder?.socket !== socket) return true;
    const awayUntil = context.now() + context.settings.graceTime;
    const versionstamp = await context.store.commit({
      checks: [check(entry)],
      mutations: [
        set(entry.key, { ...entry.value, holder: null, awayUntil, awayBy: context.isolate }),
        remove(keyOfHeld(entry.value.holder.isolate, id)),
        set(keyOfAway(id), awayUntil),
      ],
    });
    if (!versionstamp) return;
    context.pool.forget(id);
    return true;
  });
}

/** The primary ends the session: from here on it is gone for everyone. */
export async function endSession(
  context: Context,
  id: string,
  socket: string,
): Promise<"ended" | "not-holder"> {
  const result = await retryChange(async () => {
    const entry = await context.store.get<Session>(keyOfSession(id));
    if (entry.value?.holder?.socket !== socket) return "not-holder";
    return await burySession(context, id, entry as Deno.KvEntry<Session>) ? "ended" : undefined;
  });
  if (result === "ended") await clearSession(context, id);
  return result;
}

/** Ends a session whose primary did not come back in time. Nothing to do where it did. */
export async function endLapsedSession(context: Context, id: string) {
  const entry = await context.store.get<Session>(keyOfSession(id));
  const { value } = entry;
  if (value && !isOver(context, value)) {
    if (value.awayUntil === null || value.awayBy === context.isolate) return;
    if (context.patience(`${id} away ${value.awayUntil}`, context.settings.graceTime) > 0) return;
  }
  if (value?.endedAt === null) {
    if (!await burySession(context, id, entry as Deno.KvEntry<Session>)) return;
  }
  await clearSession(context, id);
}

/** Whether the session is ended by this call. */
async function burySession(context: Context, id: string, entry: Deno.KvEntry<Session>) {
  const { value, key } = entry;
  const ended: Session = { ...value, holder: null, awayUntil: null, endedAt: context.now() };
  const versionstamp = await context.store.commit({
    checks: [check(entry)],
    mutations: [
      set(key, ended, TOMBSTONE_TIME),
      // Until everything is cleared: where this process dies in the middle, a sweep finishes it.
      set(keyOfAway(id), ended.endedAt),
      ...(value.holder ? [remove(keyOfHeld(value.holder.isolate, id))] : []),
    ],
  });
  if (!versionstamp) return false;
  countUp("sessions_ended");
  log("session-ended", { session: shorten(id) });
  return true;
}

/** Removes all that an ended session leaves but its tombstone. */
async function clearSession(context: Context, id: string) {
  const { store, pool } = context;
  pool.forget(id);
  const prefixes = ["offer", "answer", "delivered", "count"].map((name) => [name, id]);
  const entries = (await Promise.all(prefixes.map((prefix) => store.list(prefix)))).flat();
  const removals = [...entries.map(({ key }) => remove(key)), remove(keyOfAway(id))];
  for (let start = 0; start < removals.length; start += 500) {
    await store.commit({ checks: [], mutations: removals.slice(start, start + 500) });
  }
}

interface DepositPlan extends Change {
  known: ReadonlySet<string>;
  fresh: { key: Deno.KvKey; value: Offer }[];
}

/** The change that adds those of `offers` that are not `known`. */
function planDeposit(
  id: string,
  offers: string[],
  known: ReadonlySet<string> = new Set(),
): DepositPlan {
  const ids = new Map(offers.map((offer) => [nameOffer(offer), offer]));
  const fresh = [...ids].filter(([offerId]) => !known.has(offerId)).map(([offerId, offer]) => ({
    key: keyOfOffer(id, offerId),
    value: { offer, leaseExpiresAt: null },
  }));
  return {
    known,
    fresh,
    checks: [],
    mutations: [
      ...fresh.map(({ key, value }) => set(key, value)),
      ...count(id, { offers: fresh.length }),
    ],
  };
}

/**
 * The change that adds those of `offers` that are neither live nor answered. It checks the counter of
 * offers, which moves with every deposit and drop: an old socket's refill may come between, or the
 * same commit twice, over a line that broke. A check for each offer would be more than a KV Connect
 * server takes.
 */
async function planLaterDeposit(
  context: Context,
  id: string,
  offers: string[],
): Promise<DepositPlan> {
  const { ids, versionstamp } = context.pool.recall(id)?.ledger ?? await readLedger(context, id);
  const plan = planDeposit(id, offers, ids);
  return { ...plan, checks: [{ key: keyOfCount(id, "offers"), versionstamp }] };
}

async function readLedger({ store }: Context, id: string): Promise<Ledger> {
  const { versionstamp } = await store.get(keyOfCount(id, "offers"));
  const ids = new Set<string>();
  // In the order in which an offer goes from one to the next: none is missed on its way.
  for (const prefix of [keyOfOffers(id), keyOfAnswers(id), keyOfAllDelivered(id)]) {
    for (const { key } of await store.list(prefix)) ids.add(key[2] as string);
  }
  return { ids, versionstamp };
}

function addToLedger({ known, fresh }: DepositPlan, versionstamp: string): Ledger {
  const ids = new Set(known);
  for (const { key } of fresh) ids.add(key[2] as string);
  return { ids, versionstamp };
}
