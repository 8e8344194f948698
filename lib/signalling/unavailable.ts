/** How the store fails. */

/** The store did not do its work in time. Nothing is known about a commit that ended so. */
export class Unavailable extends Error {
  override name = "Unavailable";
}

/** Whether the store answered, and took the change for too large. */
export const isRefused = (error: unknown) => hasCause(error, /too (many|large)/i);
export const isTooManyChecks = (error: unknown) => hasCause(error, /too many checks/i);

function hasCause(error: unknown, words: RegExp): boolean {
  return error instanceof Unavailable && error.cause instanceof Error &&
    words.test(error.cause.message);
}
