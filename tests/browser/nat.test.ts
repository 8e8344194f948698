/** Two people behind routers of their own: directly where it can be, by the relay where it must be. */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { within } from "../contract/harness.ts";
import { hasCoturn, SECRET } from "./coturn.ts";
import { findChromium } from "./find_browser.ts";
import {
  explainNoNetwork,
  layNetwork,
  type Network,
  PUBLIC_ADDRESS,
  type Router,
} from "./nat/network.ts";

/** Longest wait for a browser in a namespace, in milliseconds. Reached only when a test fails. */
const PATIENCE = 60_000;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ORIGIN = `http://${PUBLIC_ADDRESS}:8000`;

const missing = await explainNoNetwork() ??
  (hasCoturn ? null : "no turnserver here; Debian's package coturn has it") ??
  (await findChromium() ? null : "no Chromium here");

/** How a peer is connected to the other, in the words of RTCIceCandidateStats. */
interface Way {
  message: string;
  local: RTCIceCandidateType;
  remote: RTCIceCandidateType;
  /** Between the peer and its relay. */
  relayProtocol?: "udp" | "tcp" | "tls";
}

/** Lets two people meet; `a` hosts and `b` joins. */
function testMeeting(
  name: string,
  routers: { a: Router; b: Router },
  prove: (ways: { a: Way; b: Way }) => void,
): void {
  Deno.test({
    name: missing ? `${name} (skipped: ${missing})` : name,
    ignore: missing !== null,
    // The programs in the namespaces are waited for, one by one, at the end.
    async fn() {
      await using network = await layNetwork(routers);
      await startServers(network);
      const a = startPeer(network, "a", "host", ORIGIN);
      const { link } = await a.next("link") as { link: string };
      const b = startPeer(network, "b", "join", link);
      const [there, here] = await Promise.all([a.next("local"), b.next("local")]);
      const ways = { a: there as Way, b: here as Way };
      assertEquals([ways.a.message, ways.b.message], ["from the join", "from the host"]);
      prove(ways);
    },
  });
}

async function startServers(network: Network): Promise<void> {
  network.spawn("public", [
    "turnserver",
    ...`-n -L ${PUBLIC_ADDRESS} -E ${PUBLIC_ADDRESS} -p 3478 --realm=foyer --use-auth-secret`.split(
      " ",
    ),
    ..."--no-cli --no-tls --no-dtls --log-file=stdout --pidfile=/dev/null".split(" "),
    `--static-auth-secret=${SECRET}`,
  ]);
  const foyer = network.spawn("public", [Deno.execPath(), "run", "-A", `${ROOT}main.ts`], {
    HOST: PUBLIC_ADDRESS,
    PORT: "8000",
    DENO_KV_PATH: ":memory:",
    ICE_SERVERS: JSON.stringify([{ urls: `stun:${PUBLIC_ADDRESS}:3478` }]),
    TURN_URLS:
      `turn:${PUBLIC_ADDRESS}:3478?transport=udp,turn:${PUBLIC_ADDRESS}:3478?transport=tcp`,
    TURN_SECRET: SECRET,
  });
  const listens = (line: string) => line.includes("listens on");
  await within("Foyer in its namespace", foyer.line(listens), PATIENCE);
  await within("coturn in its namespace", network.untilListening(3478), PATIENCE);
}

function startPeer(network: Network, place: "a" | "b", role: "host" | "join", address: string) {
  const program = fileURLToPath(new URL("./nat/peer.ts", import.meta.url));
  const peer = network.spawn(place, [Deno.execPath(), "run", "-A", program, role, address]);
  return {
    next: async (word: string): Promise<unknown> =>
      JSON.parse(
        await within(
          `the ${word} of ${place}`,
          peer.line((line) => line.startsWith("{") && line.includes(`"${word}"`)),
          PATIENCE,
        ),
      ),
  };
}

const isRelayed = ({ local, remote }: Way) => local === "relay" || remote === "relay";

testMeeting(
  "behind two routers that keep a port, people connect directly with STUN's help",
  { a: "cone", b: "cone" },
  ({ a, b }) => {
    assertEquals([isRelayed(a), isRelayed(b)], [false, false]);
    // What the other side sees is the router's address, by STUN or by its first packet.
    const isOutside = ({ remote }: Way) => remote === "srflx" || remote === "prflx";
    assertEquals([isOutside(a), isOutside(b)], [true, true]);
  },
);

testMeeting(
  "behind two routers with another port for each other side, people connect by the relay",
  { a: "symmetric", b: "symmetric" },
  ({ a, b }) => assertEquals([isRelayed(a), isRelayed(b)], [true, true]),
);

testMeeting(
  "out of a network that blocks UDP, people come by the relay over TCP",
  { a: "cone", b: "no-udp" },
  ({ b }) => assertEquals([b.local, b.relayProtocol], ["relay", "tcp"]),
);
