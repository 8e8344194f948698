/** The signalling server without HTTP: what a way in needs of it. */
import { makeId } from "../protocol/ids.ts";
import type { Answer, GiveBack, IceServer } from "../protocol/wire.ts";
import { storeAnswer } from "./answer.ts";
import { coalesce } from "./coalesce.ts";
import type { Context, Gone } from "./context.ts";
import { findSession } from "./hosting.ts";
import { mintIceServers } from "./ice.ts";
import { startBeat } from "./isolates.ts";
import { createLimits, type Limits } from "./limits.ts";
import { giveBackOffer, type Lease, leaseNextOffer } from "./lease.ts";
import { openMail } from "./mail.ts";
import { createPatience } from "./patience.ts";
import { countUp, timed, writeMetrics } from "./metrics.ts";
import { createPool } from "./pool.ts";
import { type PrimarySocket, servePrimary } from "./primary_socket.ts";
import type { Session } from "./session.ts";
import { createRefusals, type Refusals } from "./refusals.ts";
import { DEFAULTS, type Settings } from "./settings.ts";
import { createStore } from "./store.ts";
import { createTurns } from "./turns.ts";

export interface Signalling {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly refusals: Refusals;
  find(id: string): Promise<Session | "crowded" | Gone>;
  /** Whether whoever asks for an offer is to be turned away unseen, because too many wait for one. */
  isCrowded(id: string): boolean;
  /** `address`: who asks; null where that is not known. */
  lease(id: string, address: string | null): Promise<Lease | "no-free-offer" | Gone>;
  /** "crowded": too many at a time; nothing was looked at. */
  answer(body: Answer): Promise<"crowded" | Awaited<ReturnType<typeof storeAnswer>>>;
  giveBack(body: GiveBack): Promise<"crowded" | Awaited<ReturnType<typeof giveBackOffer>>>;
  iceServers(): IceServer[];
  /**
   * Takes over a primary's socket. `link` is the session's address as its people see it, `address` that of
   * the primary; null where limits are not for it.
   */
  serve(socket: WebSocket, session: { id: string; link: string; address: string | null }): void;
  /** Whether the store answers. */
  isHealthy(): Promise<boolean>;
  metrics(): string;
  /** From the moment that `close` is called: a new socket would be cut at once. */
  readonly isClosing: boolean;
  /** Tells the primaries to come back, and lets go of the store; it does not close `kv`. */
  close(): Promise<void>;
}

/**
 * A primary hears something this often, in milliseconds: a browser does not notice by itself that its
 * socket has died half-way.
 */
const REPEAT_TIME = 20_000;

/** Unlike `Date.now`, not moved by a correction of the machine's clock. */
const readClock = () => Math.floor(performance.timeOrigin + performance.now());

export function createSignalling(
  { kv, settings = DEFAULTS, now = readClock }: {
    kv: Deno.Kv;
    settings?: Settings;
    now?: () => number;
  },
): Signalling {
  const isolate = makeId();
  const sockets = new Map<string, PrimarySocket>();
  const refreshAll = coalesce(async (wake) => {
    // One after the other: there may be many, and the store has others to serve.
    for (const socket of [...sockets.values()]) await socket.refresh(wake).catch(() => {});
  });
  const store = createStore(kv, {
    isRemote: settings.isStoreRemote,
    onLateCommit: () => void refreshAll("return"),
  });
  const served = new Set<PrimarySocket>();
  const mail = openMail(store, isolate, {
    onMail: async (id, wake) => await sockets.get(id)?.refresh(wake),
    onMove: (id, change) => sockets.get(id)?.move(change),
  });
  const turns = createTurns();
  const refusals = createRefusals();
  const limits = createLimits({ ...settings, store, isolate, now });
  const closing = new AbortController();
  let isClosing = false;
  const context: Context = {
    isolate,
    settings,
    store,
    mail,
    limits,
    pool: createPool(store),
    now,
    patience: createPatience(now),
    doubtful: new Map(),
    closing: closing.signal,
  };
  const beat = startBeat(context, {
    onTakenForDead() {
      for (const socket of served) socket.drain();
    },
    isServed: (id) => [...served].some((socket) => socket.id === id),
    onStoreBack: () => void refreshAll("return"),
  });

  const repeating = setInterval(() => {
    for (const socket of sockets.values()) socket.repeat();
    // With it credentials are renewed in time, however soon they end.
  }, Math.min(REPEAT_TIME, (settings.turn?.time ?? Infinity) / 4));

  const knows = (id: string) => sockets.has(id) || context.pool.knows(id);

  async function takeTurn(id: string, mustWait = false): Promise<"go" | "crowded"> {
    const turn = await turns.take(id, knows(id), mustWait);
    if (turn === "crowded") countUp("requests_shed");
    return turn;
  }

  /** Answers and give-backs go at once, unless they are for a session that somebody may have made up. */
  const takeTurnToFinish = (id: string) => knows(id) ? "go" : takeTurn(id, true);

  return {
    settings,
    limits,
    refusals,
    async find(id) {
      if (await takeTurn(id) === "crowded") return "crowded";
      return await findSession(context, id);
    },
    isCrowded(id) {
      if (!context.pool.isCrowded(id) && !turns.isCrowded(id, knows(id))) return false;
      countUp("requests_shed");
      return true;
    },
    async lease(id, address) {
      if (await takeTurn(id) === "crowded") return "no-free-offer";
      return await timed("lease", leaseNextOffer(context, id, address));
    },
    async answer(body) {
      if (await takeTurnToFinish(body.sessionId) === "crowded") return "crowded";
      return await timed(
        "answer",
        storeAnswer(
          context,
          body.sessionId,
          body,
          (mail) => sockets.get(body.sessionId)?.deliver(mail),
        ),
      );
    },
    async giveBack({ sessionId, offer, leaseExpiresAt }) {
      if (await takeTurnToFinish(sessionId) === "crowded") return "crowded";
      return await giveBackOffer(context, sessionId, offer, leaseExpiresAt);
    },
    iceServers: () => mintIceServers(settings, now()),
    serve: (socket, session) => servePrimary(context, { sockets, served }, socket, session),
    isHealthy: () => store.get(["health"]).then(() => true, () => false),
    metrics: () => writeMetrics({ primaries: sockets.size }),
    get isClosing() {
      return isClosing;
    },
    async close() {
      isClosing = true;
      clearInterval(repeating);
      turns.close();
      refusals.close();
      await Promise.allSettled([...served].map((socket) => socket.drain()));
      closing.abort();
      await Promise.allSettled([beat.stopped, mail.close(), limits.close()]);
    },
  };
}
