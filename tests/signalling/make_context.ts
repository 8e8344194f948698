import { makeId } from "../../lib/protocol/ids.ts";
import type { Claim } from "../../lib/signalling/claim.ts";
import type { Context } from "../../lib/signalling/context.ts";
import { openSession } from "../../lib/signalling/hosting.ts";
import { createLimits } from "../../lib/signalling/limits.ts";
import { openMail } from "../../lib/signalling/mail.ts";
import { createPatience } from "../../lib/signalling/patience.ts";
import { createPool } from "../../lib/signalling/pool.ts";
import { DEFAULTS } from "../../lib/signalling/settings.ts";
import { createStore } from "../../lib/signalling/store.ts";

export const KEY = "a key of sixteen or more";

/** An isolate on a real KV, with a clock that the test moves. Sockets are not part of it. */
export function makeContext(
  kv: Deno.Kv,
  { clock = { now: Date.now() }, onMail = () => Promise.resolve() }: {
    clock?: { now: number };
    onMail?: (session: string) => Promise<void>;
  } = {},
): Context & AsyncDisposable {
  const isolate = makeId();
  const store = createStore(kv);
  const mail = openMail(store, isolate, { onMail, onMove() {} });
  const limits = createLimits({ ...DEFAULTS, store, isolate, now: () => clock.now });
  return {
    isolate,
    settings: DEFAULTS,
    store,
    mail,
    limits,
    pool: createPool(store),
    now: () => clock.now,
    patience: createPatience(() => clock.now),
    doubtful: new Map(),
    closing: new AbortController().signal,
    [Symbol.asyncDispose]: async () => void await Promise.all([mail.close(), limits.close()]),
  };
}

export async function openKv(path = ":memory:"): Promise<Deno.Kv & Disposable> {
  return await Deno.openKv(path) as Deno.Kv & Disposable;
}

/** A session with these offers, whose socket is said to be at `context`. */
export async function makeSession(context: Context, offers: string[], socket = "socket") {
  const id = makeId();
  await openSession(context, id, socket, makeFirst(offers));
  return id;
}

/** What a primary says first. */
export function makeFirst(
  offers: string[],
  { key = KEY, succession = null, takeOver = null }: Partial<Claim> = {},
): Claim & { offers: string[]; target: null } {
  return { offers, key, target: null, succession, takeOver };
}

export const listOffers = (count: number) => Array.from({ length: count }, (_, i) => `offer ${i}`);
