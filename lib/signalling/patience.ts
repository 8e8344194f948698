import { dropOldest } from "./drop_oldest.ts";

/**
 * How long something has stood still in the store, by this isolate's own clock. A deadline that
 * another isolate wrote is in that isolate's time: clocks need not agree, so it is waited out here.
 */
export type Patience = (what: string, time: number) => number;

/** Beyond this many the oldest wait is forgotten, and would begin anew: late, never early. */
const MOST_WAITS = 50_000;

/** The milliseconds left until `time` has passed since this was first asked about `what`. */
export function createPatience(now: () => number): Patience {
  const firstSeen = new Map<string, number>();
  return (what, time) => {
    const at = now();
    if (!firstSeen.has(what)) firstSeen.set(what, at);
    dropOldest(firstSeen, MOST_WAITS);
    return (firstSeen.get(what) ?? at) + time - at;
  };
}
