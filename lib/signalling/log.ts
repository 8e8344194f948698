/** One line of JSON for each event. No offers, answers or keys; of an id only its beginning. */
export function log(event: string, fields: Record<string, string | number | undefined> = {}) {
  console.error(JSON.stringify({ at: new Date().toISOString(), event, ...fields }));
}

/** Enough of an id to follow it through a log, too little to join with. */
export const shorten = (id: string) => id.slice(0, 6);

export const describeError = (error: unknown) =>
  error instanceof Error
    ? { error: error.message, cause: String(error.cause ?? "") || undefined }
    : {
      error: String(error),
    };
