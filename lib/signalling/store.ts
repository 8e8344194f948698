/**
 * Deno KV as the rest of this room sees it: bounded in time, patient with a locked database file,
 * and with the commits of concurrent requests grouped into one.
 */
import { delay } from "./delay.ts";
import { countUp } from "./metrics.ts";
import { needsNudge } from "./nudge.ts";

/** One atomic change. All of it happens, or none. */
export interface Change {
  /** At most 10: a `denokv` server takes no more. */
  checks: Deno.AtomicCheck[];
  mutations: Deno.KvMutation[];
}

export interface Store {
  get<T>(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<T>>;
  /** At most 10 keys. */
  getMany<T extends readonly unknown[]>(
    keys: readonly [...{ [K in keyof T]: Deno.KvKey }],
  ): Promise<{ [K in keyof T]: Deno.KvEntryMaybe<T[K]> }>;
  list<T>(prefix: Deno.KvKey): Promise<Deno.KvEntry<T>[]>;
  /** The new versionstamp, or null where a check failed and nothing was changed. */
  commit(change: Change): Promise<string | null>;
  watch(keys: Deno.KvKey[]): ReadableStream<Deno.KvEntryMaybe<unknown>[]>;
}

/** Nothing was written at this key since `entry` was read. */
export const check = ({ key, versionstamp }: Deno.KvEntryMaybe<unknown>) => ({ key, versionstamp });
export const checkAbsent = (key: Deno.KvKey) => ({ key, versionstamp: null });
export const set = (key: Deno.KvKey, value: unknown, expireIn?: number): Deno.KvMutation => ({
  type: "set",
  key,
  value,
  expireIn,
});
export const remove = (key: Deno.KvKey): Deno.KvMutation => ({ type: "delete", key });
/** `count` may be negative: KV counts modulo 2^64. */
export const add = (key: Deno.KvKey, count: number): Deno.KvMutation => ({
  type: "sum",
  key,
  value: new Deno.KvU64(BigInt.asUintN(64, BigInt(count))),
});

/** The store did not do its work in time. Nothing is known about a commit that ended so. */
export class Unavailable extends Error {
  override name = "Unavailable";
}

/** Longest wait for one operation in milliseconds, retries included. */
const BOUND = 4_000;
/** Between two questions whether a store that did not answer is back, in milliseconds. */
const PROBE_TIME = 1_000;
/** A commit may carry 100 checks and 1,000 mutations (Deno KV's limits), */
const MOST_CHECKS = 100;
const MOST_MUTATIONS = 1_000;
/** but over KV Connect a `denokv` server takes fewer checks. */
const MOST_CHECKS_OF_DENOKV = 10;

/** `isRemote`: over KV Connect. */
export function createStore(kv: Deno.Kv, { isRemote = false } = {}): Store {
  let underWay = 0;
  const attempt = createAttempt();
  const commitOne = (change: Change) => {
    countUp("store_commits");
    return run(async () => {
      if (isRemote && underWay === 1 && needsNudge(change)) kv.get(["nudge"]).catch(() => {});
      const result = await kv.atomic().check(...change.checks).mutate(...change.mutations).commit();
      return result.ok ? result.versionstamp : null;
    });
  };
  const read = <T>(work: () => Promise<T>) => {
    countUp("store_reads");
    return run(work);
  };
  const run = <T>(work: () => Promise<T>) => {
    underWay++;
    return attempt(work).finally(() => underWay--);
  };
  return {
    get: <T>(key: Deno.KvKey) => read(() => kv.get<T>(key)),
    getMany: (keys) => read(() => kv.getMany(keys)),
    list: <T>(prefix: Deno.KvKey) => read(() => Array.fromAsync(kv.list<T>({ prefix }))),
    commit: groupCommits(commitOne),
    watch: (keys) => kv.watch(keys),
  };
}

/**
 * Calls that come while a commit is under way share the next one: KV is bound by commits, not by
 * mutations. A lone call goes at once. Where a check of the shared commit fails each change is tried
 * alone, so that every caller's result is its own. Where the store fails, it fails for all of them,
 * and for those who wait: each alone would be kept waiting as long again.
 */
export function groupCommits(commitOne: Store["commit"]): Store["commit"] {
  let waiting: Waiting[] = [];
  let busy = false;
  let mostChecks = MOST_CHECKS;

  async function run() {
    busy = true;
    while (waiting.length > 0) {
      const [group, rest] = splitGroup(waiting, mostChecks);
      waiting = rest;
      await settle(group);
    }
    busy = false;
  }

  async function settle(group: Waiting[]) {
    try {
      const versionstamp = await commitOne(mergeChanges(group));
      if (versionstamp || group.length === 1) {
        return group.forEach(({ resolve }) => resolve(versionstamp));
      }
    } catch (error) {
      // A group may be too large as a whole though each part is not: that, too, means one by one.
      if (!isRefused(error) || group.length === 1) return refuse(group, error);
      if (isTooManyChecks(error)) mostChecks = MOST_CHECKS_OF_DENOKV;
    }
    await Promise.all(
      group.map(({ change, resolve, reject }) => commitOne(change).then(resolve, reject)),
    );
  }

  function refuse(group: Waiting[], error: unknown) {
    const all = isRefused(error) ? group : [...group, ...waiting];
    if (all !== group) waiting = [];
    all.forEach(({ reject }) => reject(error));
  }

  return (change) =>
    new Promise((resolve, reject) => {
      waiting.push({ change, ...nameKeys(change), resolve, reject });
      if (!busy) run();
    });
}

interface Waiting {
  change: Change;
  /** Names of its checks, of the keys they are about, and of the keys it writes, in their order. */
  checks: string[];
  checked: string[];
  written: string[];
  resolve: (versionstamp: string | null) => void;
  reject: (reason: unknown) => void;
}

function nameKeys({ checks, mutations }: Change) {
  const checked = checks.map(({ key }) => nameKey(key));
  return {
    checked,
    checks: checked.map((name, i) => `${name}\n${checks[i].versionstamp}`),
    written: mutations.map(({ key }) => nameKey(key)),
  };
}

/** By hand, because this is done some twenty times for a join. */
function nameKey(key: Deno.KvKey): string {
  let name = "";
  for (const part of key) name += `${String(part)}\n`;
  return name;
}

/** All of a group as one change: the same check counts once, and what is added to a counter is one sum. */
function mergeChanges(group: Waiting[]): Change {
  if (group.length === 1) return group[0].change;
  const checks = new Map<string, Deno.AtomicCheck>();
  const mutations: Deno.KvMutation[] = [];
  const sums = new Map<string, number>();
  for (const { change, checks: names, written } of group) {
    change.checks.forEach((check, i) => checks.set(names[i], check));
    change.mutations.forEach((mutation, i) => {
      const at = sums.get(written[i]);
      const before = at === undefined ? undefined : mutations[at];
      if (mutation.type === "sum" && before?.type === "sum") {
        mutations[at!] = { ...mutation, value: addUp(before.value, mutation.value) };
        return;
      }
      if (mutation.type === "sum") sums.set(written[i], mutations.length);
      else sums.delete(written[i]);
      mutations.push(mutation);
    });
  }
  return { checks: [...checks.values()], mutations };
}

const addUp = (a: Deno.KvU64, b: Deno.KvU64) =>
  new Deno.KvU64(BigInt.asUintN(64, a.value + b.value));

/**
 * The longest run of changes that may share a commit. A key that one change checks and another
 * writes keeps them apart: together both checks would see the old version, and both would win.
 */
function splitGroup(waiting: Waiting[], mostChecks: number): [Waiting[], Waiting[]] {
  if (waiting.length === 1) return [waiting, []];
  const allChecked = new Set<string>();
  const allWritten = new Set<string>();
  const allChecks = new Set<string>();
  let mutations = 0;
  for (let index = 0; index < waiting.length; index++) {
    const { checks, checked, written } = waiting[index];
    let isApart = false;
    for (const name of checks) allChecks.add(name);
    for (const key of checked) isApart ||= allWritten.has(key);
    for (const key of written) isApart ||= allChecked.has(key);
    mutations += written.length;
    if (index > 0 && (isApart || allChecks.size > mostChecks || mutations > MOST_MUTATIONS)) {
      return [waiting.slice(0, index), waiting.slice(index)];
    }
    for (const key of checked) allChecked.add(key);
    for (const key of written) allWritten.add(key);
  }
  return [waiting, []];
}

/**
 * A function that runs `work`, again with jitter while the file is locked by another handle, within the
 * bound. When the store has not answered, one call in `PROBE_TIME` asks whether it is back, and the
 * others fail at once: a KV Connect client goes on retrying what its caller has given up.
 */
function createAttempt() {
  let downUntil = 0;
  let isDown = false;

  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    if (isDown && start < downUntil) throw new Unavailable("the store is out of reach");
    downUntil = start + PROBE_TIME;
    try {
      const result = await retryLocked(work, start + BOUND);
      isDown = false;
      return result;
    } catch (error) {
      if (error instanceof Unavailable && !error.cause) isDown = true;
      throw error;
    }
  }
  return attempt;
}

async function retryLocked<T>(work: () => Promise<T>, deadline: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Unavailable("the store did not answer")), BOUND);
  try {
    for (let pause = 2;; pause = Math.min(pause * 2, 100)) {
      try {
        return await Promise.race([work(), late]);
      } catch (error) {
        if (error instanceof Unavailable) throw error;
        if (!isLocked(error)) throw new Unavailable("the store failed", { cause: error });
        if (performance.now() + pause > deadline) {
          throw new Unavailable("the store is locked", { cause: error });
        }
        await delay(pause * (0.5 + Math.random()));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the store answered, and took the change for too large. */
const isRefused = (error: unknown) => hasCause(error, /too (many|large)/i);
const isTooManyChecks = (error: unknown) => hasCause(error, /too many checks/i);

function hasCause(error: unknown, words: RegExp): boolean {
  return error instanceof Unavailable && error.cause instanceof Error &&
    words.test(error.cause.message);
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && /database is (locked|busy)/i.test(error.message);
}
