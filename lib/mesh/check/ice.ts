/** The ways through a network: directly, with STUN's help, and around by TURN. */
import { failed, type Finding, ok, skipped } from "./finding.ts";
import { connectPair, gatherUntil, type Sighting } from "./pair.ts";

/** Longest wait, in milliseconds; a dead STUN server holds gathering up for 10 to 40 seconds. */
const STUN_MS = 8_000;
const TURN_MS = 12_000;
const LOOPBACK_MS = 10_000;

/** What lies between this browser and a TURN server. */
export type Transport = "UDP" | "TCP" | "TLS";

/** What each way of reaching a relay is good for. */
const USES: Record<Transport, string> = {
  UDP: "It is the fastest way around a strict NAT",
  TCP: "It is the way out of networks that block UDP",
  TLS: "It is the way out of networks that let only https through",
};

export async function checkLoopback(signal?: AbortSignal): Promise<Finding> {
  const { isConnected, candidates } = await connectPair({ iceServers: [] }, LOOPBACK_MS, signal);
  if (isConnected) {
    return ok("Two connections inside this page found each other and passed a message.");
  }
  return failed(
    candidates.length === 0
      ? "The browser shows no address to connect from. A policy, an extension or a VPN may hold WebRTC " +
        "back (“WebRTC IP handling”); try without it."
      : "Two connections inside this page did not find each other. A firewall on this computer or a VPN may " +
        "block it; try without it.",
  );
}

export async function checkStun(
  iceServers: RTCIceServer[],
  signal?: AbortSignal,
): Promise<Finding> {
  const urls = listUrls(iceServers).filter(({ url }) => /^stuns?:/.test(url));
  if (urls.length === 0) {
    return skipped(
      "No STUN server is configured, so people behind different routers may not find each other. Set " +
        "ICE_SERVERS, unless everybody is in one network or a TURN server over UDP tells them the same.",
    );
  }
  const isPublic = ({ type }: RTCIceCandidate) => type === "srflx";
  const sightings = await Promise.all(
    urls.map(({ url }) => gatherUntil({ iceServers: [{ urls: url }] }, isPublic, STUN_MS, signal)),
  );
  const dead = urls.filter((_, i) => !isAnswered(sightings[i])).map(({ url }) => url);
  const addresses = sightings.flatMap(({ candidates }) =>
    candidates.filter(isPublic).map(({ address }) => address!)
  );
  const seen = { addresses: [...new Set(addresses)] };
  if (dead.length > 0) {
    const none = dead.length === urls.length;
    return {
      ...failed(
        `${dead.join(", ")} ${none ? "does" : "alone does"} not answer, so ` +
          (none ? "others may not find the way to you" : "connecting takes longer") +
          ". Either it is down, or this network blocks UDP; then only a TURN server over TCP or TLS helps.",
      ),
      ...seen,
    };
  }
  return {
    ...ok(
      addresses.length > 0
        ? "A STUN server told this browser how others see it."
        : "A STUN server answered; nothing on the way changes this computer's address.",
    ),
    ...seen,
  };
}

export async function checkTurn(
  transport: Transport,
  iceServers: RTCIceServer[],
  signal?: AbortSignal,
): Promise<Finding> {
  const all = listUrls(iceServers).filter(({ url }) => /^turns?:/.test(url));
  const own = all.filter(({ url }) => transportOf(url) === transport);
  if (own.length === 0) return skipped(explainAbsence(transport, all.length === 0));
  const sightings = await Promise.all(own.map(({ server, url }) =>
    connectPair(
      { iceServers: [{ ...server, urls: url }], iceTransportPolicy: "relay" },
      TURN_MS,
      signal,
    )
  ));
  const broken = own.findIndex((_, i) => !sightings[i].isConnected);
  if (broken >= 0) return failed(explainRelay(own[broken].url, transport, sightings[broken]));
  return ok(`A connection went through the TURN server over ${transport}. ${USES[transport]}.`);
}

/**
 * An answer that names the address this browser has itself makes no candidate of its own (RFC 8445
 * section 5.1.3); where that address is hidden (mDNS), it does.
 */
function isAnswered({ candidates, errors }: Sighting): boolean {
  if (candidates.some(({ type }) => type === "srflx")) return true;
  const isHidden = candidates.every(({ address }) => !address || address.endsWith(".local"));
  return errors.length === 0 && !isHidden;
}

function explainAbsence(transport: Transport, isAlone: boolean): string {
  if (isAlone && transport !== "UDP") return "No TURN server is configured.";
  if (isAlone) {
    return "No TURN server is configured, so people behind strict NATs or firewalls cannot connect. " +
      "Whoever runs the server sets TURN_URLS and TURN_SECRET.";
  }
  const url = transport === "TLS"
    ? "turns:turn.example.com:443"
    : `turn:turn.example.com:3478?transport=${transport.toLowerCase()}`;
  return `No TURN server over ${transport} is configured. ${
    USES[transport]
  }: add ${url} to TURN_URLS.`;
}

function explainRelay(url: string, transport: Transport, { candidates, errors }: Sighting): string {
  if (candidates.length > 0) {
    return `${url} gives a relay, but nothing passes through it. Open its relay ports (UDP 49152 to 65535) and ` +
      "tell it its public address (coturn: external-ip).";
  }
  const codes = errors.map(({ code }) => code);
  if (codes.some((code) => code === 401 || code === 403 || code === 431 || code === 441)) {
    return `${url} refuses the credentials. TURN_SECRET must be the same there (coturn: static-auth-secret) and at ` +
      "Foyer, and the clocks of both must be right.";
  }
  const refusal = errors.find(({ code }) => code >= 300 && code < 700);
  if (refusal) return `${url} gives no relay: ${refusal.code} ${refusal.text}.`;
  return `${url} was not reached over ${transport}. Either it is down, its port is closed, or this network blocks it` +
    (transport === "TLS" ? ", or its certificate is not valid for that name." : ".");
}

/** RFC 7065 section 3.1: `turn` is over UDP unless told, `turns` over TLS. */
function transportOf(url: string): Transport | "DTLS" {
  const isUdp = url.endsWith("?transport=udp");
  if (url.startsWith("turns:")) return isUdp ? "DTLS" : "TLS";
  return url.endsWith("?transport=tcp") ? "TCP" : "UDP";
}

function listUrls(iceServers: RTCIceServer[]): { server: RTCIceServer; url: string }[] {
  return iceServers.flatMap((server) => [server.urls].flat().map((url) => ({ server, url })));
}
