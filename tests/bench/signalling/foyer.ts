/** Foyer as it is deployed: `main.ts` in one process or several, on one of its stores. */
import { type Contender, type Crowd, JOINERS_PER_SESSION } from "./contender.ts";
import { FoyerJoiner, type Visit } from "./foyer_joiner.ts";
import { FoyerPrimary } from "./foyer_primary.ts";
import { findPort, type Server, startServer } from "./processes.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** After so many joins a group of joiners goes on to the next session, opened meanwhile. */
export const JOINS_PER_SESSION = 60;

const SETTINGS = { ICE_SERVERS: "[]", LIMIT_PER_MINUTE: "0", NO_COLOR: "1" };

export interface FoyerOptions {
  name: string;
  visit?: Visit;
  connections?: Contender["connections"];
  servers: Server[];
  /** The store's own process, where it has one. */
  store?: Server;
}

/** One process with one isolate. */
export function startFoyerServer(env: Record<string, string>): Promise<Server> {
  const port = findPort();
  const args = ["run", "-A", `${ROOT}main.ts`];
  return startServer(port, Deno.execPath(), args, {
    ...SETTINGS,
    HOST: "127.0.0.1",
    PORT: String(port),
    ...env,
  });
}

/** One process with `count` isolates. */
export function startFoyerIsolates(env: Record<string, string>, count: number): Promise<Server> {
  const port = findPort();
  const address = ["--host", "127.0.0.1", "--port", String(port)];
  const args = ["serve", "-A", "--parallel", ...address, `${ROOT}routes/serve.ts`];
  return startServer(port, Deno.execPath(), args, {
    ...SETTINGS,
    DENO_JOBS: String(count),
    ...env,
  });
}

/** Foyer's `servers`, each of which serves every session: primaries and joiners come to all in turn. */
export function createFoyer(
  { name, visit = "json", connections = "kept", servers, store }: FoyerOptions,
): Contender {
  const origins = servers.map(({ port }) => `http://127.0.0.1:${port}`);
  let opened = 0;

  return {
    name,
    connections,
    pids: [...servers, ...store ? [store] : []].map(({ pid }) => pid),
    async prepare(inFlight) {
      const primaries: Promise<FoyerPrimary>[] = [];
      const openPrimary = () => {
        const primary = FoyerPrimary.open(origins[opened++ % origins.length]);
        primaries.push(primary);
        return primary;
      };
      const size = Math.ceil(inFlight / JOINERS_PER_SESSION);
      const groups = await Promise.all(
        Array.from({ length: size }, () => openSessions(openPrimary)),
      );
      const joiners = Array.from(
        { length: inFlight },
        (_, slot) => new FoyerJoiner(origins[slot % origins.length], visit, connections),
      );
      return {
        async join(slot) {
          const primary = await groups[Math.floor(slot / JOINERS_PER_SESSION)]();
          return await joiners[slot].join(primary);
        },
        get retries() {
          return joiners.reduce((sum, { retries }) => sum + retries, 0);
        },
        async leave() {
          joiners.forEach((joiner) => joiner.close());
          for (const primary of await Promise.all(primaries)) primary.end();
        },
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
