/** Keeps a number of handshakes in flight for some seconds, and counts. */
import type { Contender } from "./contender.ts";
import { readCpuTime } from "./processes.ts";

export interface Load {
  joinsPerSecond: number;
  /** Milliseconds from sending the answer to its arrival at the client that made the offer. */
  p50: number;
  p99: number;
  /** Times a joiner found no free offer, for each join. */
  retries: number;
  /** Processors kept busy by all processes of the server, and by this one. */
  serverCpu: number | null;
  clientCpu: number | null;
}

const WARM_UP = 600;
/** A handshake that takes this much longer than the whole measurement is lost. In milliseconds. */
const PATIENCE = 15_000;

/** Measures for `time` milliseconds after a short warm-up. @throws {Error} when a handshake is lost. */
export async function measureLoad(
  contender: Contender,
  inFlight: number,
  time: number,
): Promise<Load> {
  const crowd = await contender.prepare(inFlight);
  const begin = performance.now() + WARM_UP;
  const end = begin + time;
  const times: number[] = [];
  let retriesBefore = 0;
  let cpuBefore: ReturnType<typeof readCpu>;
  const warmUp = setTimeout(() => {
    retriesBefore = crowd.retries;
    cpuBefore = readCpu(contender);
  }, WARM_UP);
  let measured: Pick<Load, "retries" | "serverCpu" | "clientCpu"> | undefined;
  const cool = setTimeout(() => measured = readMeasures(), WARM_UP + time);
  let lost: ReturnType<typeof setTimeout> | undefined;

  async function occupy(slot: number) {
    while (performance.now() < end) {
      const duration = await crowd.join(slot);
      const now = performance.now();
      if (now >= begin && now < end) times.push(duration);
    }
  }

  function readMeasures() {
    const seconds = (performance.now() - begin) / 1_000;
    const [server, client] = readCpu(contender).map((after, i) => {
      const before = cpuBefore[i];
      return after === null || before === null ? null : (after - before) / seconds;
    });
    const retries = (crowd.retries - retriesBefore) / times.length;
    return { retries, serverCpu: server, clientCpu: client };
  }

  try {
    const late = new Promise<never>((_, reject) => {
      lost = setTimeout(
        () => reject(new Error(`${contender.name} lost a handshake of ${inFlight} in flight`)),
        WARM_UP + time + PATIENCE,
      );
    });
    await Promise.race([Promise.all(Array.from({ length: inFlight }, (_, i) => occupy(i))), late]);
  } finally {
    [warmUp, cool, lost].forEach(clearTimeout);
    await crowd.leave();
  }
  times.sort((a, b) => a - b);
  const pick = (quantile: number) => times[Math.ceil(quantile * times.length) - 1] ?? NaN;
  return {
    joinsPerSecond: times.length / time * 1_000,
    p50: pick(0.5),
    p99: pick(0.99),
    ...(measured ?? readMeasures()),
  };
}

function readCpu({ pids }: Contender): [server: number | null, client: number | null] {
  const times = pids.map(readCpuTime);
  const server = times.includes(null) ? null : times.reduce((sum, time) => sum! + time!, 0);
  return [server, readCpuTime(Deno.pid)];
}
