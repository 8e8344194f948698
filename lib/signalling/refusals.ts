/**
 * Where many are turned away, they are so a few at a time. A connection on which a reply is awaited brings no
 * other request (RFC 9112 section 9.3), so that whoever asks without end is slowed to what leaves the others
 * most of the processor. But nobody waits where many do: a proxy has only so many connections.
 */
export interface Refusals {
  /** Calls `refuse` at once, or when the turn of this one has come. */
  take<Reply>(refuse: () => Reply): Reply | Promise<Reply>;
  /** From then on everybody is turned away at once, and those who wait. */
  close(): void;
}

/** So many at a time, in that many milliseconds. */
const PER_TURN = 4;
const TURN_TIME = 2;
const MOST_WAITING = 512;

export function createRefusals(): Refusals {
  const waiting: (() => void)[] = [];
  let left = PER_TURN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOpen = true;

  function turn() {
    const next = waiting.splice(0, PER_TURN);
    left = PER_TURN - next.length;
    timer = next.length > 0 ? setTimeout(turn, TURN_TIME) : undefined;
    next.forEach((enter) => enter());
  }

  return {
    take(refuse) {
      if (!isOpen || waiting.length >= MOST_WAITING) return refuse();
      timer ??= setTimeout(turn, TURN_TIME);
      if (left-- > 0) return refuse();
      return new Promise<void>((enter) => waiting.push(enter)).then(refuse);
    },
    close() {
      isOpen = false;
      clearTimeout(timer);
      waiting.splice(0).forEach((enter) => enter());
    },
  };
}
