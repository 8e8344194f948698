/**
 * Who goes first where more is asked for than can be done at once. Answers and primaries do: they finish
 * what has begun. Whoever asks for something new takes a turn, a few at each pass of the event loop; sessions
 * take turns, those that seldom ask before those that ask all the time (as the flows of RFC 8290). Sessions
 * that nobody has seen here, of which anybody can make up any number, have a line of their own, which moves
 * no faster than the store can be asked beside everything else.
 */
import { setImmediate } from "node:timers";

export interface Turns {
  /** Resolves when it is the turn of one who asks for `session`. "crowded": too many are before it. */
  take(session: string, isKnown: boolean): "go" | "crowded" | Promise<"go">;
  /** Whether one more would be told so. */
  isCrowded(session: string, isKnown: boolean): boolean;
  close(): void;
}

/** At each pass, of the sessions that are known. */
const PER_PASS = 4;
/** Between two of the others, in milliseconds. */
const STRANGE_TIME = 2;
/** For one session, and for all that are not known. */
const MOST_WAITING = 64;

type Line = (() => void)[];

/** `atNextPass` calls back when the event loop has done what was ready. */
export function createTurns(atNextPass: (pass: () => void) => void = setImmediate): Turns {
  const lines = new Map<string, Line>();
  /** Sessions whose lines have just begun, and those that have had a turn, each in their order. */
  const fresh: string[] = [];
  const old: string[] = [];
  const strange: Line = [];
  let left = PER_PASS;
  let isPassing = false;
  let strangeTimer: ReturnType<typeof setTimeout> | undefined;

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

  function goStrange(enter?: () => void) {
    strangeTimer = setTimeout(() => {
      strangeTimer = undefined;
      if (strange.length > 0) goStrange(strange.shift());
    }, STRANGE_TIME);
    enter?.();
  }

  function takeNext(): () => void {
    const session = (fresh.shift() ?? old.shift())!;
    const line = lines.get(session)!;
    const enter = line.shift()!;
    if (line.length > 0) old.push(session);
    else lines.delete(session);
    return enter;
  }

  const findLine = (session: string, isKnown: boolean) => isKnown ? lines.get(session) : strange;

  return {
    isCrowded: (session, isKnown) => (findLine(session, isKnown)?.length ?? 0) >= MOST_WAITING,
    take(session, isKnown) {
      if (isKnown ? left > 0 && lines.size === 0 : strangeTimer === undefined) {
        if (isKnown) go();
        else goStrange();
        return "go";
      }
      const line = findLine(session, isKnown) ?? [];
      if (line.length >= MOST_WAITING) return "crowded";
      if (isKnown && line.length === 0) {
        lines.set(session, line);
        fresh.push(session);
      }
      return new Promise((resolve) => line.push(() => resolve("go")));
    },
    close() {
      clearTimeout(strangeTimer);
      strange.splice(0).forEach((enter) => enter());
    },
  };
}
