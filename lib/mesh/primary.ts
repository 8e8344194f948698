/** The client that starts a session. */
import { makeId, SESSION_ID } from "../protocol/ids.ts";
import type { IceServer } from "../protocol/wire.ts";
import { assertWebRtc, FoyerError } from "./errors.ts";
import { preside } from "./preside.ts";
import { Mesh, type Session } from "./session.ts";

export interface HostOptions {
  /** Address of the Foyer server; the one this script came from unless told. */
  server?: string;
  /** 20 to 64 characters of `A-Z a-z 0-9 _ -`; 128 random bits unless told. */
  sessionId?: string;
  /** The capability to come back as this session's primary: `key` of the earlier Session. */
  key?: string;
  /**
   * What seals offers and answers, so that the server cannot read them: a part of the link that no
   * server sees. 16 random bytes as base64url unless told; "" where the page has no WebCrypto (plain
   * http), and for joiners that seal nothing. To come back it takes that of the earlier Session.
   */
  secret?: string;
  /** The page that joiners are taken to, at a server that allows it. */
  target?: string;
  /** Those of the server unless told; told, the start is one round trip shorter. */
  iceServers?: RTCIceServer[];
  /** Most peers in the session, with the primary; 16 unless told, and never more than 64. */
  maxPeers?: number;
  /** Stops the start; has no meaning once the session is there. */
  signal?: AbortSignal;
}

/**
 * Starts a session, or comes back to one with its `key`. Resolves when the link works.
 * @throws {FoyerError} `unreachable`, `key-refused`, `superseded`, `ended`, `unsupported`, or a word of
 *   the server.
 */
export async function startSession(options: HostOptions & { server: string }): Promise<Session> {
  // The key is chosen here, so that a welcome that got lost does not lock us out.
  const { server, sessionId = makeId(), key = makeId(), target, maxPeers = 16, signal } = options;
  const { secret = crypto.subtle ? makeId() : "" } = options;
  assertWebRtc();
  signal?.throwIfAborted();
  if (![sessionId, secret || sessionId].every((word) => SESSION_ID.test(word))) {
    throw new FoyerError(
      "invalid",
      "An id or secret has 20 to 64 of A-Z a-z 0-9 _ -",
    );
  }
  const iceServers = options.iceServers as IceServer[] | undefined;
  const claim = { sessionId, key, succession: makeId(), secret, target, maxPeers, iceServers };
  const started = Promise.withResolvers<Session>();
  let leave: () => void;
  try {
    leave = preside(toSocketUrl(server, sessionId), claim, ({ link, key, term }, role) => {
      const self = makeId(8);
      const mesh = new Mesh(
        sessionId,
        secret ? `${link}#${secret}` : link,
        self,
        self,
        key,
        role,
        term,
        [],
      );
      started.resolve(mesh);
      return mesh;
    }, started.reject);
  } catch (cause) {
    if (cause instanceof FoyerError) throw cause;
    throw new FoyerError(
      "invalid",
      `${server} cannot be called: https needs https`,
      { cause },
    );
  }
  const abort = () => {
    leave();
    started.reject(signal!.reason);
  };
  signal?.addEventListener("abort", abort);
  try {
    return await started.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function toSocketUrl(server: string, sessionId: string): string {
  return new URL(sessionId, server.replace(/\/?$/, "/")).href.replace(/^http/, "ws");
}
