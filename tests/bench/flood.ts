/**
 * `deno task bench:flood`: how long joins take that are let in while somebody floods the server with
 * twice the requests that it can serve, beside the same joins without the flood, and its memory.
 */
import { createFoyer, startFoyerServer } from "./signalling/foyer.ts";
import { FoyerJoiner } from "./signalling/foyer_joiner.ts";
import { FoyerPrimary } from "./signalling/foyer_primary.ts";
import { measureLoad } from "./signalling/load.ts";
import { readCpuTime, readMemory } from "./signalling/processes.ts";
import type { Flood } from "./flood/flooder.ts";

/** Joiners that come all the time, each to a session of its own, so many times a second in all. */
const JOINERS = 16;
const JOINS_PER_SECOND = 100;
const JOINS_PER_SESSION = 60;
const TIME = 10_000;

const capacity = await measureCapacity();
const rate = 2 * capacity;
console.log(
  `One process, embedded database in memory. It serves ${Math.round(capacity)} requests a second.
${JOINS_PER_SECOND} joins a second, times from the GET that gets an offer to the primary's frame; floods of ${
    Math.round(rate)
  } requests a second.
`,
);
await report("no flood", null);
await report("one address, one session", { addresses: 1, sessions: 1 });
await report("10,000 addresses, one session", { addresses: 10_000, sessions: 1 });
await report("10,000 addresses, 100 sessions", { addresses: 10_000, sessions: 100 });
await report("10,000 addresses, made-up sessions", { addresses: 10_000, sessions: 0 });

async function measureCapacity(): Promise<number> {
  const server = await startFoyerServer({ DENO_KV_PATH: ":memory:" });
  const contender = createFoyer({ name: "Foyer", servers: [server] });
  try {
    await measureLoad(contender, 64, 2_000);
    return 2 * (await measureLoad(contender, 64, 3_000)).joinsPerSecond;
  } finally {
    await contender.stop();
  }
}

async function report(name: string, flood: { addresses: number; sessions: number } | null) {
  const env = { DENO_KV_PATH: ":memory:", LIMIT_PER_MINUTE: "12000", TRUSTED_PROXIES: "1" };
  const server = await startFoyerServer(env);
  const origin = `http://127.0.0.1:${server.port}`;
  const primaries: FoyerPrimary[] = [];
  try {
    await join(origin, primaries, 3_000);
    const flooding = flood && await startFlood(origin, flood, primaries);
    const [memory, cpu] = [readMemory(server.pid), readCpuTime(server.pid)];
    const { times, retries, failures } = await join(origin, primaries, TIME);
    const processors = (readCpuTime(server.pid)! - cpu!) / TIME * 1_000;
    const { sent, statuses } = flooding?.stop() ?? { sent: 0, statuses: {} };
    const pick = (quantile: number) => times[Math.ceil(quantile * times.length) - 1].toFixed(1);
    console.log(`${name}: ${times.length} joins, p50 ${pick(0.5)} ms, p99 ${pick(0.99)} ms
  turned away ${retries} times, ${failures} failed; flood of ${Math.round(sent / TIME * 1_000)}/s: \
${JSON.stringify(statuses)}
  ${processors.toFixed(2)} processors; memory ${toMegabytes(memory)} -> \
${toMegabytes(readMemory(server.pid))} MB`);
  } finally {
    primaries.forEach((primary) => primary.close());
    await server.stop();
  }
}

interface Joins {
  /** Milliseconds that each took, the shortest first. */
  times: number[];
  /** How often a joiner was told to come back, and how often one had to begin anew. */
  retries: number;
  failures: number;
}

async function join(origin: string, primaries: FoyerPrimary[], time: number): Promise<Joins> {
  const times: number[] = [];
  let failures = 0;
  const end = performance.now() + time;
  const joiners = Array.from(
    { length: JOINERS },
    (_, i) => new FoyerJoiner(origin, "json", "kept", `x-forwarded-for: 192.0.2.${i}\r\n`),
  );
  await Promise.all(joiners.map(async (joiner) => {
    const pause = 1_000 * JOINERS / JOINS_PER_SECOND;
    let primary: FoyerPrimary | undefined;
    for (let joins = 0;; joins++) {
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
      if (performance.now() > end) break;
      try {
        if (!primary || joins % JOINS_PER_SESSION === 0) {
          primary?.end();
          primaries.push(primary = await FoyerPrimary.open(origin));
        }
        await joiner.join(primary);
        times.push(performance.now() - joiner.admittedAt);
      } catch {
        failures++;
        primary = undefined;
        joiner.close();
      }
    }
    joiner.close();
  }));
  const retries = joiners.reduce((sum, { retries }) => sum + retries, 0);
  return { times: times.sort((a, b) => a - b), retries, failures };
}

async function startFlood(
  origin: string,
  { addresses, sessions }: { addresses: number; sessions: number },
  primaries: FoyerPrimary[],
) {
  const victims = await Promise.all(
    Array.from({ length: sessions }, () => FoyerPrimary.open(origin)),
  );
  primaries.push(...victims);
  const worker = new Worker(new URL("./flood/flooder.ts", import.meta.url), { type: "module" });
  const started = Promise.withResolvers<void>();
  let last = { sent: 0, statuses: {} as Record<string, number> };
  worker.onmessage = ({ data }) => data === "started" ? started.resolve() : last = data;
  const ids = victims.map(({ id }) => id);
  worker.postMessage({ origin, rate, addresses, sessions: ids } satisfies Flood);
  await started.promise;
  return {
    stop() {
      worker.terminate();
      return last;
    },
  };
}

function toMegabytes(kB: number | null): string {
  return kB === null ? "?" : String(Math.round(kB / 1_024));
}
