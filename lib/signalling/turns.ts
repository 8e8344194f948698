/**
 * Who goes first where more is asked for than can be done at once. Answers and primaries do: they finish
 * what has begun. Whoever asks for something new takes a turn, a few at each pass of the event loop; sessions
 * take turns, those that seldom ask before those that ask all the time (as the flows of RFC 8290). Unknown
 * sessions, of which anybody can make up any number, have a line of their own, which moves no faster than
 * the store can be asked beside everything else.
 */
import { setImmediate } from "node:timers";

export interface Turns {
  /**
   * Resolves when it is the turn of one who asks for `session`; "crowded": too many are before it.
   * `mustWait`: for one who finishes something, and is turned away only where nobody can wait any more.
   */
  take(session: string, isKnown: boolean, mustWait?: boolean): Promise<"go" | "crowded">;
  /** Whether one more would be told so. */
  isCrowded(session: string, isKnown: boolean): boolean;
  /** From then on everybody goes at once. */
  close(): void;
}

/** At each pass, of the sessions that are known. */
const PER_PASS = 4;
/** Between two of the others, in milliseconds. */
const UNKNOWN_TIME = 2;
/** For one session, or for all unknown ones together; */
const MOST_WAITING = 64;
/** and of everybody. */
const MOST_WAITING_IN_ALL = 512;

type Line = (() => void)[];

/** `atNextPass` calls back when the event loop has done what was ready. */
export function createTurns(atNextPass: (pass: () => void) => void = setImmediate): Turns {
  const lines = new Map<string, Line>();
  /** Sessions whose lines have just begun, and those that have had a turn, each in their order. */
  const fresh: string[] = [];
  const old: string[] = [];
  const unknown: Line = [];
  let waiting = 0;
  let left = PER_PASS;
  let isPassing = false;
  let unknownTimer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;

  function pass() {
    isPassing = false;
    left = PER_PASS;
    while (left > 0 && lines.size > 0) go(takeNext());
  }

  function go(enter?: () => void) {
    left--;
    if (!isPassing) atNextPass(pass);
    isPassing = true;
    enter?.();
  }

  function goUnknown(enter?: () => void) {
    unknownTimer = setTimeout(() => {
      unknownTimer = undefined;
      if (unknown.length > 0) goUnknown(unknown.shift());
    }, UNKNOWN_TIME);
    enter?.();
  }

  function takeNext(): () => void {
    // One turn of each pass is for those who ask all the time: the others may be many.
    const session = (left === 1 ? old.shift() ?? fresh.shift() : fresh.shift() ?? old.shift())!;
    const line = lines.get(session)!;
    const enter = line.shift()!;
    if (line.length > 0) old.push(session);
    else lines.delete(session);
    return enter;
  }

  const findLine = (session: string, isKnown: boolean) => isKnown ? lines.get(session) : unknown;

  function isCrowded(session: string, isKnown: boolean, mustWait = false): boolean {
    if (waiting >= MOST_WAITING_IN_ALL) return true;
    return !mustWait && (findLine(session, isKnown)?.length ?? 0) >= MOST_WAITING;
  }

  return {
    isCrowded,
    async take(session, isKnown, mustWait) {
      if (!isOpen) return "go";
      if (isKnown ? left > 0 && lines.size === 0 : unknownTimer === undefined) {
        if (isKnown) go();
        else goUnknown();
        return "go";
      }
      if (isCrowded(session, isKnown, mustWait)) return "crowded";
      const line = findLine(session, isKnown) ?? [];
      if (isKnown && line.length === 0) {
        lines.set(session, line);
        fresh.push(session);
      }
      waiting++;
      await new Promise<void>((enter) => line.push(enter));
      waiting--;
      return "go";
    },
    close() {
      isOpen = false;
      clearTimeout(unknownTimer);
      unknown.splice(0).forEach((enter) => enter());
    },
  };
}
