/**
 * Who asks for too much. Each isolate counts in its own memory, in a window of a minute that slides. What
 * passes a fraction of its limit is told to the other isolates, by one small value in KV for each isolate,
 * once a second: while nobody comes near a limit nothing is written or read.
 */
import { digest } from "./digest.ts";
import { dropOldest } from "./drop_oldest.ts";
import { describeError, log } from "./log.ts";
import { remove, set, type Store } from "./store.ts";

export interface Limits {
  /** Counts a request; returns in how many seconds the next may be taken, 0 where this one is. */
  request(address: string, session: string | null): number;
  /** Counts a new session in the same way. */
  create(address: string): number;
  /** A primary's socket, until the returned function is called; null where the address has enough. */
  hold(address: string): (() => void) | null;
  close(): Promise<void>;
}

export interface Allowance {
  /** Requests of one address in a minute; 0: no limits at all. */
  limitPerMinute: number;
  /** Sockets of primaries that one address has open at a time; 0: no limit. */
  sessionsPerAddress: number;
}

/** A session may be asked for by more than one address, */
const FOR_SESSION = 2;
/** and a new one is so many times the work of a request, and leaves more behind. */
const FOR_NEW = 1 / 20;

const MINUTE = 60_000;
/** Of its limit, from which on a count is told to the others. */
const TOLD_FROM = 1 / 16;
const TELL_TIME = 1_000;
/** Beyond this many the oldest count is forgotten: memory stays bounded. */
const MOST_COUNTS = 50_000;
/** Counts that one isolate tells, the largest first: they fit one value. */
const MOST_TOLD = 500;

interface Count {
  limit: number;
  /** The minute of `now`; `before` is of the minute before it. Null: what is held at a time. */
  minute: number | null;
  now: number;
  before: number;
  /** Of the other isolates, as far as they told. */
  others: { now: number; before: number };
  /** How it is named to them: no address is stored. */
  name?: string;
}

/** What an isolate tells: by name, the counts of that minute and the one before, or what is held (now). */
interface Told {
  minute: number;
  counts: Record<string, [now: number, before: number]>;
}

const keyOfTold = (isolate: string) => ["limit", isolate];

/** `now`: milliseconds since the epoch. Isolates whose clocks are minutes apart count each for itself. */
export function createLimits(
  { store, isolate, now, limitPerMinute, sessionsPerAddress }: Allowance & {
    store: Store;
    isolate: string;
    now: () => number;
  },
): Limits {
  // Apart, so that requests for a thousand made-up sessions let no address be forgotten.
  const addresses = new Map<string, Count>();
  const creators = new Map<string, Count>();
  const sessions = new Map<string, Count>();
  const held = new Map<string, Count>();
  let telling: ReturnType<typeof setTimeout> | undefined;
  let told = Promise.resolve();
  let hasTold = false;
  let isOpen = true;

  function find(map: Map<string, Count>, key: string, limit: number, at: number): Count {
    const minute = Math.floor(at / MINUTE);
    const count = map.get(key) ?? makeCount(limit, minute - 2);
    if (minute === count.minute) return count;
    const isNext = minute - 1 === count.minute;
    count.before = isNext ? count.now : 0;
    count.others = { now: 0, before: isNext ? count.others.now : 0 };
    count.now = 0;
    count.minute = minute;
    // The one that came last for the longest time is the first to be forgotten.
    map.delete(key);
    map.set(key, count);
    dropOldest(map, MOST_COUNTS);
    return count;
  }

  /** Seconds until `count` has room for one more. */
  function wait({ limit, now: own, before, others }: Count, at: number): number {
    const passed = at % MINUTE / MINUTE;
    const recent = own + others.now;
    const earlier = before + others.before;
    const excess = recent + earlier * (1 - passed) + 1 - limit;
    if (excess <= 0) return 0;
    const minutes = excess <= earlier * (1 - passed)
      ? excess / earlier
      : 1 - passed + Math.max(0, 1 - (limit - 1) / recent);
    return Math.max(1, Math.ceil(minutes * 60));
  }

  function take(count: Count) {
    count.now++;
    if (count.now + count.before > count.limit * TOLD_FROM) tellSoon();
  }

  function tellSoon() {
    if (!isOpen) return;
    telling ??= setTimeout(() => {
      telling = undefined;
      told = tell().catch((error) => log("limits-not-told", describeError(error)));
    }, TELL_TIME);
  }

  async function tell() {
    const minute = Math.floor(now() / MINUTE);
    const high = Object.entries({ held, creators, addresses, sessions })
      .flatMap(([what, map]) =>
        pickHigh(map, minute).map(([key, count]) => [`${what} ${key}`, count] as const)
      )
      .slice(0, MOST_TOLD);
    const byName = new Map(high.map(([key, count]) => [count.name ??= digest(key), count]));
    const own: Told = { minute, counts: {} };
    for (const [name, count] of byName) {
      const isOver = count.minute === minute - 1;
      own.counts[name] = isOver ? [0, count.now] : [count.now, count.before];
    }
    hasTold = true;
    await store.commit({ checks: [], mutations: [set(keyOfTold(isolate), own, 2 * MINUTE)] });
    const entries = await store.list<Told>(["limit"]);
    const others = entries.filter(({ key }) => key[1] !== isolate).map(({ value }) => value);
    for (const [name, count] of byName) count.others = addUp(others, name, count.minute ?? minute);
    if (high.length > 0) tellSoon();
  }

  return {
    request(address, session) {
      if (limitPerMinute === 0) return 0;
      const at = now();
      const ofAddress = find(addresses, address, limitPerMinute, at);
      const ofSession = session && find(sessions, session, limitPerMinute * FOR_SESSION, at);
      const longest = Math.max(wait(ofAddress, at), ofSession ? wait(ofSession, at) : 0);
      // A refused request is not counted: who keeps to the limit from now on is let in.
      if (longest > 0) return longest;
      take(ofAddress);
      if (ofSession) take(ofSession);
      return 0;
    },
    create(address) {
      if (limitPerMinute === 0) return 0;
      const limit = Math.max(1, Math.floor(limitPerMinute * FOR_NEW));
      const at = now();
      const count = find(creators, address, limit, at);
      const seconds = wait(count, at);
      if (seconds === 0) take(count);
      return seconds;
    },
    hold(address) {
      if (limitPerMinute === 0 || sessionsPerAddress === 0) return () => {};
      const count = held.get(address) ?? makeCount(sessionsPerAddress, null);
      held.set(address, count);
      if (count.now + count.others.now >= count.limit) return null;
      take(count);
      let isHeld = true;
      return () => {
        if (isHeld && --count.now === 0) held.delete(address);
        isHeld = false;
      };
    },
    async close() {
      isOpen = false;
      clearTimeout(telling);
      await told;
      if (hasTold) await store.commit({ checks: [], mutations: [remove(keyOfTold(isolate))] });
    },
  };
}

function makeCount(limit: number, minute: number | null): Count {
  return { limit, minute, now: 0, before: 0, others: { now: 0, before: 0 } };
}

/** Those that are to be told, the largest first. */
function pickHigh(map: Map<string, Count>, minute: number): [string, Count][] {
  return [...map]
    .filter(([, count]) => minute - (count.minute ?? minute) <= 1)
    .filter(([, count]) => count.now + count.before > count.limit * TOLD_FROM)
    .sort(([, a], [, b]) => b.now + b.before - (a.now + a.before));
}

/** What the others told of `name`, as it is in `minute`. */
function addUp(others: Told[], name: string, minute: number): Count["others"] {
  const sum = { now: 0, before: 0 };
  for (const told of others) {
    const [now, before] = told.counts[name] ?? [0, 0];
    if (told.minute === minute) {
      sum.now += now;
      sum.before += before;
    } else if (told.minute === minute - 1) sum.before += now;
  }
  return sum;
}
