import { delay } from "./delay.ts";
import { Unavailable } from "./unavailable.ts";

/** Longest time for one change, tries and pauses included, in milliseconds. */
const CHANGE_TIME = 5_000;
const LONGEST_PAUSE = 20;

/**
 * Tries a check-and-set until it gives a result: `undefined` means that somebody else was faster. The
 * pauses are of random length, so that those who met once do not meet again.
 * @throws {Unavailable} where others keep changing the same thing.
 */
export async function retryChange<T>(change: () => Promise<T | undefined>): Promise<T> {
  // The clock is read only by those who met somebody.
  const first = await change();
  if (first !== undefined) return first;
  const end = performance.now() + CHANGE_TIME;
  for (let tries = 1; performance.now() < end; tries++) {
    const result = await change();
    if (result !== undefined) return result;
    await delay(Math.random() * Math.min(tries, LONGEST_PAUSE));
  }
  throw new Unavailable("others keep changing this session");
}
