/**
 * `deno task bench:flood`: how long joins take that are let in while somebody floods the server with
 * twice the requests that it can serve, beside the same joins without the flood, and its memory.
 */
import { fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import { createFoyer, startFoyerServer } from "./signalling/foyer.ts";
import { FoyerJoiner } from "./signalling/foyer_joiner.ts";
import { FoyerPrimary } from "./signalling/foyer_primary.ts";
import { measureLoad } from "./signalling/load.ts";
import { readCpuTime, readMemory } from "./signalling/processes.ts";
import type { Flood, Sent } from "./flood/flooder.ts";

/** Joiners that come all the time, each to a session of its own, so many times a second in all. */
const JOINERS = 16;
const JOINS_PER_SECOND = 100;
const JOINS_PER_SESSION = 60;
const ROUNDS = 7;
const ROUND_TIME = 2_500;
const EBB_TIME = 2_000;

const capacity = await measureCapacity();
const rate = 2 * capacity;
console.log(
  `One process, embedded database in memory. It serves ${Math.round(capacity)} requests a second.
${JOINS_PER_SECOND} joins a second, times from the GET that gets an offer to the primary's frame; floods of ${
    Math.round(rate)
  } requests a second.
`,
);
await report({ addresses: 1, sessions: 1, connections: 256 });
await report({ addresses: 10_000, sessions: 1, connections: 256 });
// More than are kept waiting before they are turned away.
await report({ addresses: 10_000, sessions: 1, connections: 4_096 });
await report({ addresses: 10_000, sessions: 0, connections: 256 });
await report({ addresses: 10_000, sessions: 100, connections: 256 });

interface Kind {
  addresses: number;
  /** None: made-up ones. */
  sessions: number;
  connections: number;
}

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

async function report(kind: Kind) {
  const env = { DENO_KV_PATH: ":memory:", LIMIT_PER_MINUTE: "12000", TRUSTED_PROXIES: "1" };
  const server = await startFoyerServer(env);
  const origin = `http://127.0.0.1:${server.port}`;
  const primaries: FoyerPrimary[] = [];
  try {
    // As hard as it goes: what is measured is a server whose code is compiled.
    await join(origin, primaries, 4_000, Infinity);
    const memory = readMemory(server.pid);
    const flood = await prepareFlood(origin, kind, primaries);
    const calm: Joins[] = [];
    const flooded: Joins[] = [];
    let busy = 0;
    // In turns: what else the machine has to do is then the same for both. The first is practice.
    for (let round = 0; round <= ROUNDS; round++) {
      const peace = await join(origin, primaries, ROUND_TIME, JOINS_PER_SECOND);
      const before = readCpuTime(server.pid)!;
      flood.turn(true);
      const siege = await join(origin, primaries, ROUND_TIME, JOINS_PER_SECOND);
      flood.turn(false);
      await flood.ebb();
      if (round === 0) continue;
      busy += readCpuTime(server.pid)! - before;
      calm.push(peace);
      flooded.push(siege);
    }
    const { sent, statuses } = flood.stop();
    const seconds = (ROUNDS + 1) * ROUND_TIME / 1_000;
    const compare = (find: (all: Joins[]) => number) => (find(flooded) / find(calm)).toFixed(1);
    console.log(`${kind.addresses} addresses, ${kind.sessions || "made-up"} sessions, \
${kind.connections} connections
  calm:    ${describe(calm)}
  flooded: ${describe(flooded)}; p99 ${compare((all) => pick(all, 0.99))} times that of the calm, \
in the median round ${compare(findMedian)} times
  flood of ${Math.round(sent / seconds)}/s: ${JSON.stringify(statuses)}
  ${(busy / ROUNDS / ROUND_TIME * 1_000).toFixed(2)} processors; memory ${toMegabytes(memory)} -> \
${toMegabytes(readMemory(server.pid))} MB`);
  } finally {
    primaries.forEach((primary) => primary.close());
    await server.stop();
  }
}

function describe(all: Joins[]): string {
  const sum = (name: "retries" | "failures") =>
    all.reduce((total, joins) => total + joins[name], 0);
  const count = all.flatMap(({ times }) => times).length;
  const [p50, p99] = [0.5, 0.99].map((quantile) => pick(all, quantile).toFixed(1));
  return `${count} joins, p50 ${p50} ms, p99 ${p99} ms, turned away ${sum("retries")} times, \
${sum("failures")} failed`;
}

function pick(all: Joins[], quantile: number): number {
  const times = all.flatMap(({ times }) => times).sort((a, b) => a - b);
  return times[Math.ceil(quantile * times.length) - 1];
}

/** The p99 of the median round: this machine, too, does other things now and then. */
function findMedian(all: Joins[]): number {
  const each = all.map((joins) => pick([joins], 0.99)).sort((a, b) => a - b);
  return each[each.length >> 1];
}

interface Joins {
  /** Milliseconds that each took. */
  times: number[];
  /** How often a joiner was told to come back, and how often one had to begin anew. */
  retries: number;
  failures: number;
}

async function join(
  origin: string,
  primaries: FoyerPrimary[],
  time: number,
  joinsPerSecond: number,
): Promise<Joins> {
  const times: number[] = [];
  let failures = 0;
  const end = performance.now() + time;
  const joiners = Array.from(
    { length: JOINERS },
    (_, i) => new FoyerJoiner(origin, "json", "kept", `x-forwarded-for: 192.0.2.${i}\r\n`),
  );
  await Promise.all(joiners.map(async (joiner) => {
    const pause = 1_000 * JOINERS / joinsPerSecond;
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
  return { times, retries, failures };
}

async function prepareFlood(
  origin: string,
  { sessions, ...kind }: Kind,
  primaries: FoyerPrimary[],
) {
  const victims = await Promise.all(
    Array.from({ length: sessions }, () => FoyerPrimary.open(origin)),
  );
  primaries.push(...victims);
  const flooder = fork(new URL("./flood/flooder.ts", import.meta.url));
  // A flood comes from elsewhere: it does not take the processor from the server that it floods.
  setPriority(flooder.pid!, constants.priority.PRIORITY_LOW);
  const ready = Promise.withResolvers<void>();
  let last: Sent = { sent: 0, statuses: {} };
  flooder.on("message", (message: "ready" | Sent) => {
    if (message === "ready") ready.resolve();
    else last = message;
  });
  const ids = victims.map(({ id }) => id);
  flooder.send({ origin, rate, ...kind, sessions: ids } satisfies Flood);
  await ready.promise;
  return {
    turn: (isOn: boolean) => void flooder.send(isOn),
    /** When all that was sent has been answered, or most of it. */
    async ebb() {
      const count = () => Object.values(last.statuses).reduce((sum, replies) => sum + replies, 0);
      const end = performance.now() + EBB_TIME;
      while (count() < last.sent && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop() {
      flooder.kill("SIGKILL");
      return last;
    },
  };
}

function toMegabytes(kB: number | null): string {
  return kB === null ? "?" : String(Math.round(kB / 1_024));
}
