/** When a description holds enough candidates to be sent: there is no trickle in Foyer. */

/** The candidates of one kind come within a millisecond or two of each other. */
const QUIET_MS = 10;

/** Types of candidates (RFC 8445 section 4) that a connection with these servers can have. */
export function listKinds({ iceServers = [], iceTransportPolicy }: RTCConfiguration): Set<string> {
  const schemes = iceServers.flatMap(({ urls }) => urls).map((url) => url.split(":")[0]);
  const kinds = new Set<string>();
  if (iceTransportPolicy !== "relay") {
    kinds.add("host");
    if (schemes.some((scheme) => /^stuns?$/.test(scheme))) kinds.add("srflx");
  }
  if (schemes.some((scheme) => /^turns?$/.test(scheme))) kinds.add("relay");
  return kinds;
}

/**
 * Sets the local description of `connection` and resolves to its SDP with candidates: as soon as
 * each kind its servers can give has been seen and no more come, when gathering is complete, or
 * after `cap` milliseconds (a dead STUN server holds back `complete` for 10 to 40 seconds).
 */
export async function gather(connection: RTCPeerConnection, cap: number): Promise<string> {
  const missing = listKinds(connection.getConfiguration());
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  let quiet: ReturnType<typeof setTimeout> | undefined;
  const listen = ({ candidate }: RTCPeerConnectionIceEvent) => {
    if (!candidate) return resolve();
    missing.delete(candidate.type!);
    clearTimeout(quiet);
    if (missing.size === 0) quiet = setTimeout(resolve, QUIET_MS);
  };
  connection.addEventListener("icecandidate", listen);
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    await connection.setLocalDescription();
    limit = setTimeout(resolve, cap);
    await enough;
  } finally {
    connection.removeEventListener("icecandidate", listen);
    clearTimeout(quiet);
    clearTimeout(limit);
  }
  // As text in HTML would lose them: every parser takes plain line feeds (RFC 8866 section 5).
  return connection.localDescription!.sdp.replaceAll("\r", "");
}
