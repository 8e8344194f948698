/**
 * What an operator sees. Counted by OpenTelemetry's API, so that `OTEL_DENO=true` exports it, and kept
 * here for `/metrics` (Prometheus text format 0.0.4). Of this isolate, since its start.
 */
import { metrics } from "@opentelemetry/api";

const COUNTERS = {
  sessions_opened: "Sessions created",
  sessions_returned: "Returns of a primary",
  sessions_taken_over: "Peers that became primary in the place of one that was away",
  sessions_ended: "Sessions ended, by their primary or after the grace",
  leases: "Offers leased to joiners",
  leases_shed: "Requests turned away unseen, because there were too many at a time",
  leases_refused: "Requests that found no free offer",
  lease_ends: "Leases that ran out",
  leases_given_back: "Leases given back before their time",
  joins: "Answers stored",
  conflicts: "Commits lost to somebody else and tried again",
  deliveries: "Answers sent to a primary, by what woke its isolate",
  frames_refused: "Bad frames of primaries",
  store_reads: "Reads of the store",
  store_commits: "Commits to the store; concurrent changes share one",
} as const;

export type Counter = keyof typeof COUNTERS;

/** How the isolate that holds the socket learnt of an answer. */
export type Wake = "here" | "hint" | "watch" | "return";

const meter = metrics.getMeter("foyer");
const instruments = Object.fromEntries(
  Object.entries(COUNTERS).map(([name, description]) => [
    name,
    meter.createCounter(`foyer.${name}`, { description }),
  ]),
);
const latency = meter.createHistogram("foyer.latency", {
  description: "Time of a lease or an answer in the store",
  unit: "ms",
});
const totals = new Map<string, number>();

export function countUp(
  name: Counter,
  by = 1,
  attributes: Record<string, string> = {},
): undefined {
  if (by === 0) return;
  instruments[name].add(by, attributes);
  addTo(name + "_total", attributes, by);
}

/** Runs `work` and records how many milliseconds it took. */
export async function timed<T>(operation: "lease" | "answer", work: Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work;
  } finally {
    const took = performance.now() - start;
    latency.record(took, { operation });
    addTo("latency_milliseconds_sum", { operation }, took);
    addTo("latency_milliseconds_count", { operation }, 1);
  }
}

function addTo(name: string, attributes: Record<string, string>, by: number) {
  let series = `foyer_${name}`;
  // At most one label each.
  for (const label in attributes) series += `{${label}="${attributes[label]}"}`;
  totals.set(series, (totals.get(series) ?? 0) + by);
}

/** The counters, and `gauges` as they are now, one line each. */
export function writeMetrics(gauges: Record<string, number>): string {
  const lines = [...totals, ...Object.entries(gauges).map(([name, now]) => [`foyer_${name}`, now])];
  return lines.map(([series, value]) => `${series} ${value}\n`).join("");
}
