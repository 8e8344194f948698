/** What the checks of a connection mean to a person, one by one and together. */
import type { Check, CheckName } from "../lib/mesh/check/finding.ts";

/** What each check is called, and what it is about. */
export const DESCRIPTIONS: Readonly<Record<CheckName, readonly [title: string, about: string]>> = {
  browser: ["This browser", "It needs WebRTC, by which browsers connect to each other."],
  encryption: ["Secure page", "Browsers encrypt only for pages that came by https."],
  server: ["Foyer's server", "It introduces browsers to each other. What you say never passes it."],
  socket: ["Line to the server", "A host keeps one, to hear who comes in."],
  signalling: ["Opening a link", "A session of this test's own is started, opened and ended."],
  loopback: ["Connecting at all", "Two connections inside this page look for each other."],
  stun: ["Seen from outside (STUN)", "Behind a router, a browser has to ask how others see it."],
  "turn-udp": ["Relay over UDP (TURN)", "Helps where two routers let nothing in directly."],
  "turn-tcp": ["Relay over TCP (TURN)", "Helps where a network blocks UDP."],
  "turn-tls": ["Relay over TLS (TURN)", "Helps where a network lets only https through."],
};

/** Without these nobody comes in, whatever the network. */
const NEEDED: readonly CheckName[] = [
  "browser",
  "encryption",
  "server",
  "socket",
  "signalling",
  "loopback",
];

export interface Verdict {
  readonly tone: "busy" | "good" | "fair" | "bad";
  readonly title: string;
  readonly text: string;
}

/** All `checks` in one sentence or two; `isDone` once there are no more to come. */
export function sumUp(checks: readonly Check[], isDone: boolean): Verdict {
  const broken = checks.find(({ name, result }) => result === "failed" && NEEDED.includes(name));
  if (broken) {
    const [title] = DESCRIPTIONS[broken.name];
    return {
      tone: "bad",
      title: "Something stands in the way",
      text: `${title}: ${broken.message}`,
    };
  }
  if (!isDone) {
    return { tone: "busy", title: "Testing your connection…", text: "This takes a few seconds." };
  }
  const hasRelay = checks.some(({ name, result }) => name.startsWith("turn") && result === "ok");
  const hasFault = checks.some(({ result }) => result === "failed");
  if (hasRelay && !hasFault) {
    return {
      tone: "good",
      title: "All is well",
      text: "You can start and join sessions, also where strict networks are in between.",
    };
  }
  return {
    tone: "fair",
    title: "You can start and join sessions",
    text: hasRelay
      ? "One of the ways around strict networks is closed; see below."
      : "But no relay works, so a strict router or firewall on either side may stand in the way.",
  };
}

/** As text to hand to whoever helps. Without `withAddresses` nothing in it says where this person is. */
export function writeReport(
  checks: readonly Check[],
  { agent, withAddresses }: { agent: string; withAddresses: boolean },
): string {
  const addresses = checks.flatMap((check) => check.addresses ?? []);
  return [
    "Connection test of Foyer",
    `Browser: ${agent}`,
    ...withAddresses ? [`Seen from outside as: ${addresses.join(", ")}`] : [],
    "",
    ...checks.map(({ name, result, ms, message }) => `${name}: ${result} (${ms} ms). ${message}`),
  ].join("\n");
}
