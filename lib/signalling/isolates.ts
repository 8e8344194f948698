/**
 * The isolates that share the store, and what becomes of a dead one's sessions. An isolate counts its
 * own beat; the others call it dead when the count stood still over several looks of theirs, so that
 * clocks need not agree, and a time in which the store answered nobody does not count.
 */
import type { Context } from "./context.ts";
import { delay } from "./delay.ts";
import { describeError, log, shorten } from "./log.ts";
import { clearMail } from "./mail.ts";
import { endLapsedSession, releaseSession } from "./hosting.ts";
import { keyOfHeld, keyOfSession, type Session } from "./session.ts";
import { add, remove } from "./store.ts";

const BEAT_TIME = 3_000;
/** Looks, one a beat, that must find the count unchanged. */
const DEAD_AFTER = 4;
/** Sessions that are looked after side by side. */
const BATCH = 50;

/** The count of an isolate that has none. */
const NEVER = -1n;

const keyOfIsolate = (isolate: string) => ["isolate", isolate];

/** What the beat tells the rest of its isolate. */
export interface BeatEvents {
  /** The others gave this isolate's sessions away, because it stood still for too long. */
  onTakenForDead(): void;
  /** The store was away, and may have changed since in ways that nobody was told of. */
  onStoreBack(): void;
  /** Whether the socket of this name is open here, or being opened. */
  isServed(socket: string): boolean;
}

/** Beats until the context closes, and beside it sweeps what nobody else will. */
export function startBeat(context: Context, events: BeatEvents): { stopped: Promise<void> } {
  const { store, isolate, closing } = context;
  const seen = new Map<string, { beat: bigint; looks: number }>();
  let beats = 0n;
  let isAway = false;
  let isFirst = true;
  // Two loops: a sweep may have much to do, and the beat must not wait for it.
  return { stopped: Promise.all([repeat(beat), repeat(sweep)]).then(stop) };

  async function repeat(work: () => Promise<void>) {
    while (!closing.aborted) {
      await work().catch((error) => {
        isAway = true;
        log("no-sweep", describeError(error));
      });
      await delay(BEAT_TIME, closing);
    }
  }

  async function beat() {
    await store.commit({ checks: [], mutations: [add(keyOfIsolate(isolate), 1)] });
    beats++;
    if (isAway) events.onStoreBack();
    isAway = false;
  }

  async function stop() {
    // What could not be released is for those who see this isolate's beat stand still.
    if (context.doubtful.size > 0) return;
    try {
      await removeIsolate(context, isolate);
    } catch (error) {
      log("isolate-not-removed", describeError(error));
    }
  }

  async function sweep() {
    const own = beats;
    const entries = await store.list<Deno.KvU64>(["isolate"]);
    const counts = new Map(entries.map(({ key, value }) => [key[1] as string, value.value]));
    const counted = counts.get(isolate) ?? own;
    if (counted < own) {
      beats = counted;
      events.onTakenForDead();
    }
    if (isFirst) await rememberOrphans(counts);
    isFirst = false;
    for (const name of new Set([...counts.keys(), ...seen.keys()])) {
      if (name !== isolate) await look(name, counts.get(name) ?? NEVER);
    }
    await releaseDoubtful();
    await inBatches(await store.list(["away"]), ({ key }) => {
      return endLapsedSession(context, key[1] as string);
    });
  }

  async function look(name: string, beat: bigint) {
    const last = seen.get(name);
    if (last?.beat === beat) {
      if (++last.looks < DEAD_AFTER) return;
      log("isolate-dead", { isolate: shorten(name) });
      await releaseAll(context, name);
      seen.delete(name);
    } else if (beat === NEVER) seen.delete(name);
    else seen.set(name, { beat, looks: 0 });
  }

  /**
   * What isolates hold that have no beat: they died while nobody looked, or have only just begun.
   * Once is enough: who dies from now on is seen to die.
   */
  async function rememberOrphans(counts: ReadonlyMap<string, bigint>) {
    const names = (await store.list(["held"])).map(({ key }) => key[1] as string);
    for (const name of names) if (!counts.has(name)) seen.set(name, { beat: NEVER, looks: 0 });
  }

  /** Sockets of this isolate whose release, or whose opening, the store did not answer. */
  async function releaseDoubtful() {
    for (const [id, looks] of context.doubtful) {
      await releaseFrom(context, isolate, id, events.isServed);
      if (looks > 1) context.doubtful.set(id, looks - 1);
      else context.doubtful.delete(id);
    }
  }
}

async function releaseAll(context: Context, isolate: string) {
  const { store } = context;
  const held = await store.list(["held", isolate]);
  await inBatches(held, ({ key }) => releaseFrom(context, isolate, key[2] as string));
  await removeIsolate(context, isolate);
}

async function removeIsolate({ store }: Context, isolate: string) {
  const mutations = [remove(keyOfIsolate(isolate)), ...await clearMail(store, isolate)];
  await store.commit({ checks: [], mutations });
}

/** Releases the session if `isolate` holds it by a socket that is not living. */
async function releaseFrom(
  context: Context,
  isolate: string,
  id: string,
  isLiving: (socket: string) => boolean = () => false,
) {
  const { value } = await context.store.get<Session>(keyOfSession(id));
  if (value?.holder?.isolate === isolate) {
    const { socket } = value.holder;
    if (!isLiving(socket)) await releaseSession(context, id, socket);
  } else await context.store.commit({ checks: [], mutations: [remove(keyOfHeld(isolate, id))] });
}

/** Some at a time, so that the store can serve others between. */
async function inBatches<T>(items: T[], work: (item: T) => Promise<void>) {
  for (let start = 0; start < items.length; start += BATCH) {
    await Promise.all(items.slice(start, start + BATCH).map(work));
  }
}
