import type { Wake } from "./metrics.ts";

/**
 * Calls that come while one runs become one more run after it. A look at the store outdoes one at what is
 * "here".
 */
export function coalesce(run: (wake: Wake) => Promise<void>): (wake: Wake) => Promise<void> {
  let running: Promise<void> | null = null;
  let next: { wake: Wake; done: Promise<void> } | null = null;

  function start(wake: Wake): Promise<void> {
    running = run(wake).finally(() => running = null);
    return running;
  }

  return (wake) => {
    if (!running) return start(wake);
    if (next) {
      if (next.wake === "here") next.wake = wake;
      return next.done;
    }
    const mine: { wake: Wake; done: Promise<void> } = { wake, done: Promise.resolve() };
    next = mine;
    mine.done = running.catch(() => {}).then(() => {
      next = null;
      return start(mine.wake);
    });
    return mine.done;
  };
}
