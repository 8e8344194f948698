/**
 * Whether a commit over KV Connect needs a nudge. Deno's client sends a request of more than 1,024
 * bytes in two writes, and leaves Nagle's algorithm (RFC 896) on: the second write waits until the
 * server acknowledges the first, which it does late, after 40 ms (RFC 1122 section 4.2.3.2). A read sent
 * just before is answered at once, and the acknowledgement travels with that. Measured with Deno 2.9.6
 * and denokv: a lone commit of 1.2 kB took 45 ms, with a read before it 2 ms. Smaller ones go in one
 * write, and where several other requests are under way they do the same: there the nudge itself would wait.
 */
import type { Change } from "./store.ts";

const MOST_IN_ONE_WRITE = 1_024;

/** By an estimate of the size of its protobuf. */
export function needsNudge({ checks, mutations }: Change): boolean {
  let size = 0;
  for (const { key } of checks) size += sizeOfKey(key) + 16;
  for (const mutation of mutations) {
    size += sizeOfKey(mutation.key) + 8;
    if ("value" in mutation) size += sizeOf(mutation.value);
  }
  return size > MOST_IN_ONE_WRITE;
}

const sizeOfKey = (key: Deno.KvKey) => key.reduce<number>((sum, part) => sum + sizeOf(part), 0);

/** As V8 serializes it, roughly. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  return Object.entries(value).reduce(
    (sum, [name, part]) => sum + sizeOf(name) + sizeOf(part),
    4,
  );
}
