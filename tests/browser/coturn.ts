/** A real coturn, and pages that can only meet through it. */
import { delay } from "../../lib/signalling/delay.ts";
import { freePort } from "../cluster/ports.ts";
import { type Stage, testInChromium } from "./stage.ts";

export const SECRET = "known to coturn and Foyer alone";
export const hasCoturn = await findCoturn();
/** A test in Chromium, skipped where there is no coturn. */
export const testWithCoturn = hasCoturn ? testInChromium : (name: string) =>
  Deno.test({
    name: `${name} (skipped: no turnserver here; Debian's package coturn has it)`,
    ignore: true,
    fn() {},
  });

async function findCoturn(): Promise<boolean> {
  const command = new Deno.Command("turnserver", {
    args: ["--version"],
    stdout: "null",
    stderr: "null",
  });
  return await command.output().then(() => true, () => false);
}

export interface Certificate {
  /** Paths of PEM files. */
  cert: string;
  key: string;
}

/** Its addresses, once it takes connections; over TLS too where there is a `certificate`. */
export async function startCoturn(stage: Stage, certificate?: Certificate) {
  const [port, tlsPort] = [freePort(), freePort()];
  const tls = certificate
    ? [`--tls-listening-port=${tlsPort}`, `--cert=${certificate.cert}`, `--pkey=${certificate.key}`]
    : ["--no-tls"];
  const child = new Deno.Command("turnserver", {
    args: [
      ..."-n -L 127.0.0.1 -E 127.0.0.1 --realm=foyer --use-auth-secret --no-cli --no-dtls"
        .split(" "),
      ..."--allow-loopback-peers --log-file=stdout --pidfile=/dev/null".split(" "),
      `--static-auth-secret=${SECRET}`,
      `--listening-port=${port}`,
      ...tls,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  stage.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  for (const wanted of certificate ? [port, tlsPort] : [port]) await untilListening(wanted);
  return {
    stun: `stun:127.0.0.1:${port}`,
    udp: `turn:127.0.0.1:${port}?transport=udp`,
    tcp: `turn:127.0.0.1:${port}?transport=tcp`,
    tls: `turns:127.0.0.1:${tlsPort}`,
  };
}

async function untilListening(port: number): Promise<void> {
  while (true) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    connection?.close();
    if (connection) return;
    await delay(20);
  }
}

/** A page whose connections may only go through a relay. */
export async function openBehindWall(stage: Stage) {
  const page = await stage.open();
  await page.evaluateOnNewDocument(() => {
    const Direct = RTCPeerConnection;
    const connections: RTCPeerConnection[] = [];
    Object.assign(globalThis, { connections });
    globalThis.RTCPeerConnection = class extends Direct {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: "relay" });
        connections.push(this);
      }
    };
  });
  return page;
}
