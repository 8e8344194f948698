import type { ProblemCode } from "../protocol/problems.ts";

/** The words of the server (lib/protocol/problems.ts), and those that only a client can say. */
export type FoyerErrorCode =
  | ProblemCode
  /** This browser has no WebRTC, or it is turned off. */
  | "unsupported"
  /** The server was not reached. */
  | "unreachable"
  /** Both sides were there, and no network path between them (ICE failed). */
  | "no-path"
  /** The primary never took the answer. */
  | "host-away"
  /** The primary lets nobody else in: its session has `maxPeers`. */
  | "full"
  /** The key is not that of this session. */
  | "key-refused"
  /** Another client came with the key and is the primary now. */
  | "replaced"
  /** A peer took over while this client was away, and is the primary now. */
  | "superseded"
  /** The link's secret is cut off or wrong. */
  | "incomplete-link"
  /** The link is encrypted, and a page without https has no WebCrypto. */
  | "insecure"
  | "no-such-peer"
  /** The other side wants no more of this message. */
  | "refused"
  /** The session, or the connection to that peer, is closed. */
  | "closed";

/** A failure a program can tell by its `code`, and a person by its `message`. */
export class FoyerError extends Error {
  override name = "FoyerError";
  // The second file (later.ts) has a class of its own, and a page may have two clients.
  static override [Symbol.hasInstance](error: unknown): boolean {
    return (error as Error | null)?.name === "FoyerError";
  }
  constructor(readonly code: FoyerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** @throws {FoyerError} `unsupported` where there is no WebRTC. */
export function assertWebRtc(): void {
  if (!globalThis.RTCPeerConnection) {
    throw new FoyerError("unsupported", "This browser has no WebRTC");
  }
}
