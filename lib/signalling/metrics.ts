/**
 * What an operator sees: counted here, read by OpenTelemetry's API, so that `OTEL_DENO=true` exports it,
 * and by `/metrics` (Prometheus text format 0.0.4). Of this isolate, since its start.
 */
import { metrics } from "@opentelemetry/api";

const COUNTERS = {
  sessions_opened: "Sessions created",
  sessions_returned: "Returns of a primary",
  sessions_taken_over: "Peers that became primary in the place of one that was away",
  sessions_ended: "Sessions ended, by their primary or after the grace",
  leases: "Offers leased to joiners",
  requests_shed: "Requests turned away unseen, because there were too many at a time",
  leases_refused: "Requests that found no free offer",
  lease_ends: "Leases that ran out",
  leases_given_back: "Leases given back before their time",
  joins: "Answers stored",
  conflicts: "Commits lost to somebody else and tried again",
  frames_refused: "Bad frames of primaries",
  store_reads: "Reads of the store",
  store_commits: "Commits to the store; concurrent changes share one",
} as const;

export type Counter = keyof typeof COUNTERS;

/** How the isolate that holds the socket learnt of an answer. */
export type Wake = "here" | "hint" | "watch" | "return";

// They are read when somebody looks: a join, which counts ten things, pays for additions only.
const totals = new Map<string, number>();
const delivered = new Map<Wake, number>();
const times = { lease: { sum: 0, count: 0 }, answer: { sum: 0, count: 0 } };

const meter = metrics.getMeter("foyer");
for (const [name, description] of Object.entries(COUNTERS)) {
  meter.createObservableCounter(`foyer.${name}`, { description })
    .addCallback((result) => result.observe(totals.get(name) ?? 0));
}
meter.createObservableCounter("foyer.deliveries", {
  description: "Answers sent to a primary, by what woke its isolate",
}).addCallback((result) => {
  for (const [wake, total] of delivered) result.observe(total, { wake });
});
const latency = meter.createHistogram("foyer.latency", {
  description: "Time of a lease or an answer in the store",
  unit: "ms",
});

export function countUp(name: Counter, by = 1): undefined {
  totals.set(name, (totals.get(name) ?? 0) + by);
}

/** Answers that were sent to a primary. */
export function countDeliveries(count: number, wake: Wake) {
  delivered.set(wake, (delivered.get(wake) ?? 0) + count);
}

/** Runs `work` and records how many milliseconds it took. */
export async function timed<T>(operation: "lease" | "answer", work: Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work;
  } finally {
    const took = performance.now() - start;
    latency.record(took, { operation });
    times[operation].sum += took;
    times[operation].count++;
  }
}

/** The counters, and `gauges` as they are now, one line each. */
export function writeMetrics(gauges: Record<string, number>): string {
  const lines = [
    ...[...totals].map(([name, total]) => [`${name}_total`, total]),
    ...[...delivered].map(([wake, total]) => [`deliveries_total{wake="${wake}"}`, total]),
    ...Object.entries(times).flatMap(([operation, { sum, count }]) => [
      [`latency_milliseconds_sum{operation="${operation}"}`, sum],
      [`latency_milliseconds_count{operation="${operation}"}`, count],
    ]),
    ...Object.entries(gauges),
  ];
  return lines.map(([series, value]) => `foyer_${series} ${value}\n`).join("");
}
