/** Requests to the server, and its problems as errors. */
import type { Problem } from "../protocol/problems.ts";
import { delay } from "./delay.ts";
import { FoyerError } from "./errors.ts";

const TRIES = 3;
const RETRY_MS = 500;

/**
 * The response to a request that may be made more than once; tried again when it is lost.
 * @throws {FoyerError} `unreachable`; the reason of `init.signal` when it aborts.
 */
export async function request(url: string, init: RequestInit): Promise<Response> {
  for (let tries = 1;; tries++) {
    try {
      return await fetch(url, {
        ...init,
        headers: { accept: "application/json" },
        cache: "no-store",
        credentials: "omit",
      });
    } catch (cause) {
      init.signal?.throwIfAborted();
      if (tries === TRIES) {
        throw new FoyerError("unreachable", "The server does not answer", { cause });
      }
    }
    await delay(RETRY_MS * tries, init.signal ?? undefined);
  }
}

/** What a response that is not a success says (RFC 9457). */
export async function readProblem(response: Response): Promise<FoyerError> {
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  return new FoyerError(
    problem.code ?? "unavailable",
    problem.detail ?? `The server said ${response.status}`,
  );
}
