/** A session's counter as its primary was told, and what it was asked for. No IO. */
import { type Counts, countWanted } from "./offer.ts";
import type { Status, Want } from "../protocol/wire.ts";

/** A want that brought no deposit is said again after this many milliseconds. */
const WANT_TIME = 5_000;

export interface Tally {
  readonly counts: Counts;
  /** Whether it was ever read from the store. */
  readonly isKnown: boolean;
  /** The counter as the store has it. */
  set(counts: Counts): void;
  /** The counter moved by a commit of this isolate. */
  move(change: Partial<Counts>): void;
  status(): Status;
  /** Offers came that may have been asked for. */
  takeDeposit(offers: number): void;
  /**
   * Frames that the primary should have by now: its counter where it moved, and what is wanted.
   * None before the first `set`.
   */
  report(waiting: number, now: number): (Status | Want)[];
}

export function createTally(): Tally {
  let counts: Counts = { offers: 0, consumed: 0, answered: 0 };
  let isKnown = false;
  let told: Counts | null = null;
  let wanted = { count: 0, at: 0 };
  return {
    get counts() {
      return counts;
    },
    get isKnown() {
      return isKnown;
    },
    set(now) {
      isKnown = true;
      counts = now;
    },
    move({ offers = 0, consumed = 0, answered = 0 }) {
      counts = {
        offers: counts.offers + offers,
        consumed: counts.consumed + consumed,
        answered: counts.answered + answered,
      };
    },
    status: () => ({ type: "status", offers: counts.offers, consumed: counts.consumed }),
    takeDeposit(offers) {
      wanted.count = Math.max(0, wanted.count - offers);
    },
    report(waiting, now) {
      const frames: (Status | Want)[] = [];
      if (!isKnown) return frames;
      if (told?.offers !== counts.offers || told.consumed !== counts.consumed) {
        frames.push(this.status());
      }
      told = counts;
      const pending = now - wanted.at < WANT_TIME ? wanted.count : 0;
      const count = countWanted(counts, pending, waiting);
      if (count > 0) {
        wanted = { count: pending + count, at: now };
        frames.push({ type: "want", count });
      }
      return frames;
    },
  };
}
