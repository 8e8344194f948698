/**
 * Deadlines of one length, by one timer for all of them: a timer for each costs more than what most
 * of them guard.
 */
export interface Deadlines {
  /** Calls `onLate` when the time is over, unless the returned function was called before. */
  start(onLate: () => void): () => void;
}

/** `time` in milliseconds. */
export function createDeadlines(time: number): Deadlines {
  // The first is the earliest: all have the same length.
  const running = new Map<() => void, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function wait(left: number) {
    timer = setTimeout(() => {
      timer = undefined;
      const now = performance.now();
      const late: (() => void)[] = [];
      for (const [end, at] of running) {
        if (at > now) {
          wait(at - now);
          break;
        }
        running.delete(end);
        late.push(end);
      }
      for (const end of late) end();
    }, left);
  }

  return {
    start(onLate) {
      const end = () => onLate();
      running.set(end, performance.now() + time);
      if (timer === undefined) wait(time);
      return () => {
        if (!running.delete(end) || running.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
      };
    },
  };
}
