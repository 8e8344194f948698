/** The changes of concurrent requests as one commit: KV is bound by commits, not by mutations. */
import type { Change, Store } from "./store.ts";
import { isRefused, isTooManyChecks } from "./unavailable.ts";

/** A commit may carry 100 checks and 1,000 mutations (Deno KV's limits), */
const MOST_CHECKS = 100;
const MOST_MUTATIONS = 1_000;
/** but over KV Connect a `denokv` server takes fewer checks. */
const MOST_CHECKS_OF_DENOKV = 10;
/** So many changes fill a commit of such a server, about. */
const FULL_GROUP = 5;

interface Waiting {
  change: Change;
  resolve: (versionstamp: string | null) => void;
  reject: (reason: unknown) => void;
}

/**
 * Calls that come while a commit is under way share the next one. A lone call goes at once. Up to `atOnce`
 * commits are under way where so much waits that it fills them: more that are small would be slower.
 * Where a check of the shared commit fails each change is tried alone, so that every caller's result is its
 * own. Where the store fails, it fails for all of them, and for those who wait: each alone would be
 * kept waiting as long again.
 */
export function groupCommits(commitOne: Store["commit"], atOnce = 1): Store["commit"] {
  let waiting: Waiting[] = [];
  let underWay = 0;
  let mostChecks = MOST_CHECKS;

  async function run() {
    underWay++;
    while (waiting.length > 0 && (underWay === 1 || waiting.length >= FULL_GROUP)) {
      const { size, change } = formGroup(waiting, mostChecks);
      const group = waiting.slice(0, size);
      waiting = waiting.slice(size);
      await settle(group, change);
    }
    underWay--;
  }

  async function settle(group: Waiting[], change: Change) {
    try {
      const versionstamp = await commitOne(change);
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
      waiting.push({ change, resolve, reject });
      if (underWay === 0 || underWay < atOnce && waiting.length >= FULL_GROUP) run();
    });
}

/** What a group does with one key. */
interface Use {
  /** The version that it was checked for; undefined: no check. */
  checked?: string | null;
  isWritten: boolean;
  /** Where the group's mutations add to it, until another one writes it. */
  sum?: number;
}

/**
 * The longest run of changes that may share a commit, as one change: the same check counts once, and
 * what is added to a counter is one sum. A key that one change checks and another writes keeps them
 * apart: together both checks would see the old version, and both would win.
 */
function formGroup(waiting: Waiting[], mostChecks: number): { size: number; change: Change } {
  if (waiting.length === 1) return { size: 1, change: waiting[0].change };
  const findUse = createUses();
  const checks: Deno.AtomicCheck[] = [];
  const mutations: Deno.KvMutation[] = [];
  let size = 0;
  for (const { change } of waiting) {
    const checked = change.checks.map(({ key }) => findUse(key));
    const written = change.mutations.map(({ key }) => findUse(key));
    const fresh = change.checks.filter(({ versionstamp }, i) =>
      checked[i].checked !== versionstamp
    );
    const isApart = checked.some(({ isWritten }) => isWritten) ||
      written.some(({ checked }) => checked !== undefined) ||
      checks.length + fresh.length > mostChecks ||
      mutations.length + written.length > MOST_MUTATIONS;
    if (size > 0 && isApart) break;
    size++;
    checks.push(...fresh);
    change.checks.forEach(({ versionstamp }, i) => checked[i].checked = versionstamp);
    change.mutations.forEach((mutation, i) => addMutation(mutations, mutation, written[i]));
  }
  return { size, change: { checks, mutations } };
}

function addMutation(mutations: Deno.KvMutation[], mutation: Deno.KvMutation, use: Use) {
  use.isWritten = true;
  if (mutation.type === "sum" && use.sum !== undefined) {
    const before = mutations[use.sum] as typeof mutation;
    const value = BigInt.asUintN(64, before.value.value + mutation.value.value);
    mutations[use.sum] = { ...mutation, value: new Deno.KvU64(value) };
    return;
  }
  use.sum = mutation.type === "sum" ? mutations.length : undefined;
  mutations.push(mutation);
}

interface Branch {
  use: Use;
  next: Map<Deno.KvKeyPart, Branch>;
}

/** Part by part: the parts of a key are mostly the same strings each time, and one joined of them never is. */
function createUses(): (key: Deno.KvKey) => Use {
  const root = makeBranch();
  return (key) => {
    let at = root;
    for (const part of key) {
      let next = at.next.get(part);
      if (!next) at.next.set(part, next = makeBranch());
      at = next;
    }
    return at.use;
  };
}

const makeBranch = (): Branch => ({ use: { isWritten: false }, next: new Map() });
