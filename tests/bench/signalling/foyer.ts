/** Foyer as it is deployed: `main.ts` in one process or several, on one of its stores. */
import type { Contender, Crowd } from "./contender.ts";
import { FoyerJoiner, type Visit } from "./foyer_joiner.ts";
import { FoyerPrimary } from "./foyer_primary.ts";
import { findPort, type Server, startServer } from "./processes.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Joiners in flight that share a session. */
export const JOINERS_PER_SESSION = 4;
/** After so many joins a group of joiners goes on to the next session, opened meanwhile. */
export const JOINS_PER_SESSION = 60;

export interface FoyerOptions {
  name: string;
  visit?: Visit;
  servers: Server[];
  /** The store's own process, where it has one. */
  store?: Server;
}

export function startFoyerServer(env: Record<string, string>): Promise<Server> {
  const port = findPort();
  return startServer(port, Deno.execPath(), ["run", "-A", `${ROOT}main.ts`], {
    HOST: "127.0.0.1",
    PORT: String(port),
    ICE_SERVERS: "[]",
    LIMIT_PER_MINUTE: "0",
    NO_COLOR: "1",
    ...env,
  });
}

/** Foyer's `servers`, each of which serves every session: primaries and joiners come to all in turn. */
export function createFoyer({ name, visit = "json", servers, store }: FoyerOptions): Contender {
  const origins = servers.map(({ port }) => `http://127.0.0.1:${port}`);
  let opened = 0;
  const openPrimary = () => FoyerPrimary.open(origins[opened++ % origins.length]);

  return {
    name,
    pids: [...servers, ...store ? [store] : []].map(({ pid }) => pid),
    async prepare(inFlight) {
      const size = Math.ceil(inFlight / JOINERS_PER_SESSION);
      const groups = await Promise.all(
        Array.from({ length: size }, () => openSessions(openPrimary)),
      );
      const joiners = await Promise.all(
        Array.from(
          { length: inFlight },
          (_, slot) => FoyerJoiner.open(origins[slot % origins.length], visit),
        ),
      );
      return {
        async join(slot) {
          const primary = await groups[Math.floor(slot / JOINERS_PER_SESSION)]();
          return await joiners[slot].join(primary);
        },
        get retries() {
          return joiners.reduce((sum, { retries }) => sum + retries, 0);
        },
        leave: () => joiners.forEach((joiner) => joiner.close()),
      } satisfies Crowd;
    },
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await store?.stop();
    },
  };
}

/** Gives the session that a group of joiners is at. The next one is open before it is needed. */
async function openSessions(
  open: () => Promise<FoyerPrimary>,
): Promise<() => Promise<FoyerPrimary>> {
  let current = await open();
  let next = open();
  let joins = 0;
  let moving: Promise<void> | undefined;

  async function move() {
    current = await next;
    next = open();
    joins = 0;
    moving = undefined;
  }

  return async () => {
    if (joins >= JOINS_PER_SESSION) await (moving ??= move());
    joins++;
    return current;
  };
}
