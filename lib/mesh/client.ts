/**
 * The client of Foyer: a link that opens into data channels between browsers.
 *
 * ```ts
 * import { host, join } from "https://foyer.example/client.js";
 * const session = await host();              // session.link is for the others: await join(link)
 * session.addEventListener("message", ({ detail }) => console.log(detail.peerId, detail.data));
 * session.addEventListener("peer", ({ detail }) => session.send(detail.peerId, "welcome"));
 * ```
 */
import { findServer } from "./origin.ts";
import { type HostOptions, startSession } from "./primary.ts";
import type { Session } from "./session.ts";

export * from "./exports.ts";
export type { HostOptions };

const server = findServer(import.meta.url);

/**
 * Starts a session, or comes back to one with its `sessionId` and `key`. Resolves when its link
 * works. The server is the one that this script came from, unless told.
 * @throws {FoyerError} `unreachable`, `key-refused`, `ended`, `unsupported`, or a word of the server.
 */
export function host(options: HostOptions = {}): Promise<Session> {
  return startSession({ ...options, server: options.server ?? server });
}
