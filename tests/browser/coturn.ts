/** A real coturn, and pages that can only meet through it. */
import { delay } from "../../lib/signalling/delay.ts";
import { freePort } from "../cluster/ports.ts";
import { type Stage, testInChromium } from "./stage.ts";

export const SECRET = "known to coturn and Foyer alone";
const coturn = await findCoturn();
/** A test in Chromium, skipped where there is no coturn. */
export const testWithCoturn = coturn ? testInChromium : (name: string) =>
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

/** Its address, once it takes connections. */
export async function startCoturn(stage: Stage): Promise<string> {
  const port = freePort();
  const child = new Deno.Command("turnserver", {
    args: [
      ..."-n -L 127.0.0.1 -E 127.0.0.1 --realm=foyer --use-auth-secret --no-cli --no-tls --no-dtls"
        .split(" "),
      ..."--allow-loopback-peers --log-file=stdout --pidfile=/dev/null".split(" "),
      `--static-auth-secret=${SECRET}`,
      `-p`,
      String(port),
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  stage.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  while (true) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
    connection?.close();
    if (connection) return `turn:127.0.0.1:${port}?transport=udp`;
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
