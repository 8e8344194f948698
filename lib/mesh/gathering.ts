/** When a description holds enough candidates to be sent: there is no trickle in Foyer. */

/** The candidates of one kind come within a millisecond or two of each other. */
const QUIET_MS = 3;
/** A busy machine may take its time to find the first one: none is there to wait for after this. */
const NONE_MS = 10_000;

/** Types of candidates (RFC 8445 section 4) that a connection with these servers can have. */
export function listKinds(iceServers: RTCIceServer[] = []): Set<string> {
  const urls = iceServers.flatMap((server) => server.urls);
  return new Set(["host", ...urls.map((url) => url.startsWith("turn") ? "relay" : "srflx")]);
}

/**
 * Sets the local description of `connection` and resolves to its SDP with candidates: as soon as
 * each kind its servers can give has been seen and no more come, when gathering is complete, or
 * `cap` milliseconds after the first (a dead STUN server holds back `complete` for 10 to 40 seconds).
 * Two descriptions without a candidate would wait for each other for good.
 */
export async function gather(connection: RTCPeerConnection, cap: number): Promise<string> {
  const missing = listKinds(connection.getConfiguration().iceServers);
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let limit: ReturnType<typeof setTimeout> | undefined;
  await new Promise<void>((resolve, reject) => {
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate) return resolve();
      missing.delete(candidate.type!);
      clearTimeout(quiet);
      if (missing.size === 0) quiet = setTimeout(resolve, QUIET_MS);
      limit ??= setTimeout(resolve, cap);
    };
    connection.setLocalDescription().then(() => setTimeout(resolve, NONE_MS), reject);
  });
  connection.onicecandidate = null;
  return connection.localDescription!.sdp;
}
