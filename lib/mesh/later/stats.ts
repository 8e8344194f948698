/** How the links of a mesh are doing (W3C webrtc-stats). */
import type { Link } from "../link.ts";

export interface LinkStats {
  /** `relayed` through a TURN server, or `direct`; undefined while no path is in use. */
  path?: "direct" | "relayed";
  /** In milliseconds; undefined until it was measured. */
  roundTripTime?: number;
  /** Bytes of data and media since the link opened. */
  sent: number;
  received: number;
}

/** The parts of RTCIceCandidatePairStats, RTCTransportStats and RTCIceCandidateStats that are read here. */
interface Report {
  id: string;
  type: string;
  selectedCandidatePairId?: string;
  /** Firefox has no transport that names the pair in use. */
  selected?: boolean;
  localCandidateId: string;
  remoteCandidateId: string;
  candidateType?: string;
  /** In seconds. */
  currentRoundTripTime?: number;
  bytesSent?: number;
  bytesReceived?: number;
}

/** What each of the `links` carries and how, by the id of its peer. */
export async function readStats(links: Link[]): Promise<Map<string, LinkStats>> {
  const entries = links.map(async ({ id, connection }) =>
    [id, await readLink(connection)] as const
  );
  return new Map(await Promise.all(entries));
}

async function readLink(connection: RTCPeerConnection): Promise<LinkStats> {
  const reports = new Map<string, Report>(
    await connection.getStats() as ReadonlyMap<string, Report>,
  );
  const all = [...reports.values()];
  const named = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  const pair = named ? reports.get(named) : all.find(({ selected }) => selected);
  if (!pair) return { sent: 0, received: 0 };
  const ends = [reports.get(pair.localCandidateId), reports.get(pair.remoteCandidateId)];
  return {
    path: ends.some((end) => end?.candidateType === "relay") ? "relayed" : "direct",
    roundTripTime: pair.currentRoundTripTime === undefined
      ? undefined
      : pair.currentRoundTripTime * 1_000,
    sent: pair.bytesSent ?? 0,
    received: pair.bytesReceived ?? 0,
  };
}
