/** A tab that is loaded again has its lock back in this time, in milliseconds. */
const RELOAD_MS = 500;

/** Sessions whose lock this page has: it may try again where the first start failed. */
const held = new Set<string>();

/**
 * Whether this tab is the session's, until it is closed: a tab that was duplicated has a copy of the
 * store, and must not take the session from the first. True where the browser has no locks.
 */
export function holdTab(sessionId: string): Promise<boolean> {
  if (!navigator.locks || held.has(sessionId)) return Promise.resolve(true);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const hold = () => {
    held.add(sessionId);
    resolve(true);
    return new Promise(() => {});
  };
  const options = { signal: AbortSignal.timeout(RELOAD_MS) };
  navigator.locks.request(`foyer ${sessionId}`, options, hold).catch(() => resolve(false));
  return promise;
}
