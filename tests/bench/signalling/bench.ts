/**
 * `deno task bench:signalling`: joins per second of Foyer's server on each of its stores, and
 * handshakes per second of PeerJS's and y-webrtc's servers, which store nothing, in the same run.
 *
 * A join of Foyer: a GET that leases an offer, a POST that stores the answer, the frame that brings
 * it to the primary, its confirmation, and the offer that takes the place of the one that is used
 * up. A handshake of the others: an offer and an answer relayed between two clients. All clients
 * are played by this process, over connections that are kept from join to join, or by a fresh one for
 * each joiner: whoever opens a link is somebody new, and has none. Each is compared with PeerJS's
 * server used in the same way.
 */
import { type Contender, JOINERS_PER_SESSION } from "./contender.ts";
import { JOINS_PER_SESSION } from "./foyer.ts";
import { type Load, measureLoad } from "./load.ts";
import { startPeerJs } from "./peerjs.ts";
import { installRivals } from "./rivals.ts";
import { startFile, startMemory, startOverDenokv } from "./stores.ts";
import { formatTable } from "./table.ts";
import { startYWebRtc } from "./y_webrtc.ts";

const IN_FLIGHT = [1, 16, 64, 256];
/** How long each is measured, in milliseconds. */
const TIME = 2_500;
/** Before the first is measured each is used so hard and so long: their code is compiled then. */
const PRACTICE_IN_FLIGHT = 64;
const PRACTICE_TIME = 3_000;
const BASE = "PeerJS server";

console.log(`Joins through the signalling server, each measured for ${TIME / 1_000} s.
Foyer: a session for each ${JOINERS_PER_SESSION} joiners in flight, a new one after \
${JOINS_PER_SESSION} joins; times are from POST to the primary's frame.
${describeLoad()}
`);
const folder = await Deno.makeTempDir({ prefix: "foyer-bench-" });
const contenders: Contender[] = [];
try {
  const rivals = await installRivals();
  if (rivals) {
    contenders.push(...await startPeerJs(rivals), ...await startYWebRtc(rivals));
  }
  contenders.push(...await startMemory(), ...await startFile(folder));
  contenders.push(...await startOverDenokv(folder));
  const loads = contenders.map((): Load[] => []);
  for (const contender of contenders) {
    await measureLoad(contender, PRACTICE_IN_FLIGHT, PRACTICE_TIME);
  }
  // One number in flight after the other, so that all are measured in the same minute.
  for (const [i, inFlight] of IN_FLIGHT.entries()) {
    for (const [j, contender] of contenders.entries()) {
      loads[j][i] = await measureLoad(contender, inFlight, TIME);
    }
    report(inFlight, "kept", loads.map((all) => all[i]));
    report(inFlight, "fresh", loads.map((all) => all[i]));
  }
} finally {
  // Some share a server.
  await Promise.all(contenders.map((contender) => contender.stop()));
  await Deno.remove(folder, { recursive: true });
}
console.log(describeLoad());

function report(inFlight: number, connections: Contender["connections"], all: Load[]) {
  const shown = contenders.filter((contender) => contender.connections === connections);
  const loads = all.filter((_, i) => contenders[i].connections === connections);
  const base = loads[shown.findIndex(({ name }) => name === BASE)];
  const rows = loads.map((load, i) => {
    const { joinsPerSecond, p50, p99, serverCpu, clientCpu, retries } = load;
    return [
      shown[i].name,
      joinsPerSecond.toFixed(0),
      base ? (joinsPerSecond / base.joinsPerSecond).toFixed(2) : "",
      p50.toFixed(2),
      p99.toFixed(2),
      retries.toFixed(2),
      serverCpu?.toFixed(2) ?? "",
      serverCpu === null ? "" : (serverCpu * 1_000 / joinsPerSecond).toFixed(2),
      readGain(base, load)?.toFixed(2) ?? "",
      clientCpu?.toFixed(2) ?? "",
    ];
  });
  console.log(formatTable([
    [`${inFlight} in flight, ${connections}`, "joins/s", "/PeerJS", "p50 ms", "p99 ms", "503/join"]
      .concat(["CPUs", "CPU ms/join", "joins/CPU /PeerJS", "CPUs client"]),
    ...rows,
  ]));
  console.log();
}

/**
 * How many joins `load` gets from the processor time that one takes of `base`. What others do on the
 * machine alters it least.
 */
function readGain(base: Load | undefined, load: Load): number | null {
  if (!base?.serverCpu || !load.serverCpu) return null;
  return (base.serverCpu / base.joinsPerSecond) / (load.serverCpu / load.joinsPerSecond);
}

function describeLoad(): string {
  const [one, five] = Deno.loadavg().map((load) => load.toFixed(1));
  return `Load average of the last minute ${one}, of five ${five}, ` +
    `on ${navigator.hardwareConcurrency} processors.`;
}
