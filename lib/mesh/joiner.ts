/** The client that opens a link, and becomes a member. */
import { enter, type Entered, type JoinOptions } from "./entering.ts";
import { assertWebRtc, FoyerError } from "./errors.ts";
import { findEntrance } from "./invitation.ts";
import { createMember } from "./member.ts";
import { Mesh, type Session } from "./session.ts";

export type { JoinOptions, JoinStep } from "./entering.ts";

/**
 * Joins the session behind `address`: its link, or the address of a target page with the hand-over
 * in its fragment. Resolves once connected to the primary.
 * @throws {FoyerError} `no-such-session`, `ended`, `full`, `no-free-offer`, `no-path`, `host-away`,
 *   `unreachable`, `unsupported`, or another word of the server.
 */
export async function join(address: string, options: JoinOptions = {}): Promise<Session> {
  assertWebRtc();
  options.signal?.throwIfAborted();
  const leaving = new AbortController();
  const onpagehide = () => leaving.abort(new FoyerError("closed", "The page was closed"));
  addEventListener("pagehide", onpagehide);
  try {
    const signals = [leaving.signal, ...options.signal ? [options.signal] : []];
    const entrance = findEntrance(address);
    const entered = await enter(entrance, options, AbortSignal.any(signals));
    return becomeMember(entrance.link, entered);
  } finally {
    removeEventListener("pagehide", onpagehide);
  }
}

function becomeMember(link: string, { primary, welcome, sessionId, iceServers }: Entered): Mesh {
  const role = createMember(iceServers);
  const { self, primary: host, peers } = welcome;
  const mesh = new Mesh(sessionId, link, self, host, null, role, 0, peers);
  mesh.admit(primary);
  if (peers.length > 0) mesh.loadLater().then((later) => later.offerTo(peers, primary), () => {});
  return mesh;
}
