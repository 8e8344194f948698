/**
 * Deno KV as the rest of this room sees it: bounded in time, patient with a locked database file,
 * and with the commits of concurrent requests grouped into one.
 */
import { delay } from "./delay.ts";
import { groupCommits } from "./group_commits.ts";
import { countUp } from "./metrics.ts";
import { needsNudge } from "./nudge.ts";
import { Unavailable } from "./unavailable.ts";

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

/** Longest wait for one operation in milliseconds, retries included. */
const BOUND = 4_000;
/**
 * Before a file that another handle has locked is tried again, longer each time, in milliseconds: a commit
 * takes less than one. Two isolates with 16 joiners in flight: 401 joins/s in the place of the 252 with
 * pauses from 2 ms that doubled.
 */
const LOCK_PAUSE = 0.5;
const LONGEST_LOCK_PAUSE = 100;
/** Between two questions whether a store that did not answer is back, in milliseconds. */
const PROBE_TIME = 1_000;
/**
 * Commits over KV Connect that are under way at a time: each is a round trip, which a file is not. Measured
 * with 64 joiners in flight and `denokv`: 209 joins/s with one, 378 with 4, 689 with 8, 794 with 16, where
 * fewer in flight fare worse.
 */
const REMOTE_AT_ONCE = 8;
/** With fewer requests under way a commit may need a nudge. With 16 joiners in flight: 386 joins/s, not 362. */
const LIVELY = 4;

/**
 * `isRemote`: over KV Connect. `onLateCommit`: a commit that its caller was told to be lost has ended
 * after all, for better or worse.
 */
export function createStore(
  kv: Deno.Kv,
  { isRemote = false, onLateCommit = () => {} }: {
    isRemote?: boolean;
    onLateCommit?: () => void;
  } = {},
): Store {
  let underWay = 0;
  const attempt = createAttempt();
  const commitOne = async (change: Change) => {
    countUp("store_commits");
    let isGivenUp = false;
    const commit = async () => {
      if (isRemote && underWay < LIVELY && needsNudge(change)) kv.get(["nudge"]).catch(() => {});
      try {
        const atomic = kv.atomic().check(...change.checks).mutate(...change.mutations);
        const result = await atomic.commit();
        return result.ok ? result.versionstamp : null;
      } finally {
        if (isGivenUp) onLateCommit();
      }
    };
    try {
      return await run(commit);
    } catch (error) {
      isGivenUp = true;
      throw error;
    }
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
    commit: groupCommits(commitOne, isRemote ? REMOTE_AT_ONCE : 1),
    watch: (keys) => kv.watch(keys),
  };
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
    for (let pause = LOCK_PAUSE;; pause = Math.min(pause * 1.3, LONGEST_LOCK_PAUSE)) {
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

function isLocked(error: unknown): boolean {
  return error instanceof Error && /database is (locked|busy)/i.test(error.message);
}
