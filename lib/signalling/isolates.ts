/**
 * The isolates that share the store, and what becomes of a dead one's sessions. An isolate counts its
 * own beat; the others call it dead when the count has stood still long enough by their own clock,
 * so that clocks need not agree.
 */
import type { Context } from "./context.ts";
import { clearMail } from "./mail.ts";
import { endLapsedSession, releaseSession } from "./hosting.ts";
import { keyOfSession, type Session } from "./session.ts";
import { add, remove } from "./store.ts";

const BEAT_TIME = 15_000;
const DEAD_AFTER = 45_000;

const keyOfIsolate = (isolate: string) => ["isolate", isolate];

/** Beats until `close()`; each beat also sweeps what nobody else will. */
export function startBeat(context: Context): { close(): Promise<void> } {
  const seen = new Map<string, { beat: bigint; at: number }>();
  let work = beat();
  const timer = setInterval(() => work = work.then(beat), BEAT_TIME);

  async function beat() {
    try {
      await context.store.commit({
        checks: [],
        mutations: [add(keyOfIsolate(context.isolate), 1)],
      });
      await sweep(context, seen, performance.now());
    } catch (error) {
      console.error("no sweep this time:", (error as Error).message);
    }
  }

  return {
    async close() {
      clearInterval(timer);
      await work;
      const mutations = [remove(keyOfIsolate(context.isolate))];
      await context.store.commit({ checks: [], mutations }).catch(() => {});
    },
  };
}

async function sweep(
  context: Context,
  seen: Map<string, { beat: bigint; at: number }>,
  elapsed: number,
) {
  const { store } = context;
  for (const { key, value } of await store.list<Deno.KvU64>(["isolate"])) {
    const isolate = key[1] as string;
    const last = seen.get(isolate);
    if (last?.beat !== value.value) seen.set(isolate, { beat: value.value, at: elapsed });
    else if (isolate !== context.isolate && elapsed - last.at >= DEAD_AFTER) {
      await releaseAll(context, isolate);
      seen.delete(isolate);
    }
  }
  for (const { key } of await store.list(["away"])) {
    await endLapsedSession(context, key[1] as string);
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
