/**
 * The client as the npm package: as `/client.js`, but in an application's bundle, which does not
 * know where Foyer is.
 *
 * ```ts
 * import { host, join } from "foyer-client";
 * const session = await host({ server: "https://foyer.example" });
 * ```
 */
import { FoyerError } from "./errors.ts";
import { type HostOptions as ScriptHostOptions, startSession } from "./primary.ts";
import type { Session } from "./session.ts";

export * from "./exports.ts";

export interface HostOptions extends ScriptHostOptions {
  /** Address of the Foyer server. */
  server: string;
}

/**
 * Starts a session, or comes back to one with its `sessionId` and `key`. Resolves when its link
 * works.
 * @throws {FoyerError} `invalid` without a server; `unreachable`, `key-refused`, `ended`,
 *   `unsupported`, or a word of the server.
 */
export async function host(options: HostOptions): Promise<Session> {
  if (!options?.server) {
    throw new FoyerError(
      "invalid",
      'A bundled client does not know its server: host({ server: "https://foyer.example" })',
    );
  }
  return await startSession(options);
}
