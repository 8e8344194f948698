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
import { keyOfSession, type Session } from "./session.ts";
import { add, remove } from "./store.ts";

const BEAT_TIME = 3_000;
/** Looks, one a beat, that must find the count unchanged. */
const DEAD_AFTER = 4;
/** Beats after one that failed at which the store may still take what its callers gave up. */
const LATE_FOR = 2;

const keyOfIsolate = (isolate: string) => ["isolate", isolate];

/**
 * Beats until the context closes; each beat also sweeps what nobody else will. `onTakenForDead`: the
 * others gave this isolate's sessions away, because it stood still for too long. `onStoreBack`: the
 * store was away, and may have changed since in ways that nobody was told of.
 */
export function startBeat(
  context: Context,
  { onTakenForDead, onStoreBack }: { onTakenForDead: () => void; onStoreBack: () => void },
): { stopped: Promise<void> } {
  const { store, isolate, closing } = context;
  const seen = new Map<string, { beat: bigint; looks: number }>();
  let beats = 0n;
  let late = 0;
  return { stopped: run() };

  async function run() {
    while (!closing.aborted) {
      try {
        await store.commit({ checks: [], mutations: [add(keyOfIsolate(isolate), 1)] });
        beats++;
        if (late > 0) {
          late--;
          onStoreBack();
        }
        await sweep();
      } catch (error) {
        late = LATE_FOR;
        log("no-sweep", describeError(error));
      }
      await delay(BEAT_TIME, closing);
    }
    const mutations = [remove(keyOfIsolate(isolate))];
    await store.commit({ checks: [], mutations }).catch(() => {});
  }

  async function sweep() {
    for (const { key, value } of await store.list<Deno.KvU64>(["isolate"])) {
      const name = key[1] as string;
      const last = seen.get(name);
      if (name === isolate) {
        if (value.value < beats) onTakenForDead();
        beats = value.value;
      } else if (last?.beat !== value.value) seen.set(name, { beat: value.value, looks: 0 });
      else if (++last.looks >= DEAD_AFTER) {
        log("isolate-dead", { isolate: shorten(name) });
        await releaseAll(context, name);
        seen.delete(name);
      }
    }
    for (const { key } of await store.list(["away"])) {
      await endLapsedSession(context, key[1] as string);
    }
  }
}

async function releaseAll(context: Context, isolate: string) {
  const { store } = context;
  for (const { key } of await store.list(["held", isolate])) {
    const id = key[2] as string;
    const { value } = await store.get<Session>(keyOfSession(id));
    if (value?.holder?.isolate === isolate) await releaseSession(context, id, value.holder.socket);
    else await store.commit({ checks: [], mutations: [remove(key)] });
  }
  const mutations = [remove(keyOfIsolate(isolate)), ...await clearMail(store, isolate)];
  await store.commit({ checks: [], mutations });
}
