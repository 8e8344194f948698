/**
 * A browser in the namespace that this program runs in: `host <server>` or `join <link>`. It says, a
 * line each, the link it hosts and how it is connected to the other, and ends on SIGTERM.
 */
import "../foyer_global.ts";
import { launchChromium } from "../browsers.ts";

const [role, address] = Deno.args;
const { origin } = new URL(address);
// Its page comes by http from an address that is not this machine's.
const browser = await launchChromium([`--unsafely-treat-insecure-origin-as-secure=${origin}`]);
const { promise: over, resolve: end } = Promise.withResolvers<void>();
Deno.addSignalListener("SIGTERM", end);
try {
  const page = await browser.openPage();
  // Any page of the server will do; this one runs nothing.
  await page.goto(`${origin}/healthz`);
  await page.exposeFunction("say", (line: string) => console.log(line));
  const talk = page.evaluate(async ({ role, address, origin }) => {
    const { host, join } = await import(`${origin}/client.js`);
    const session = role === "host" ? await host({ server: origin }) : await join(address);
    const say = (globalThis as unknown as { say(line: string): void }).say;
    if (role === "host") say(JSON.stringify({ link: session.link }));
    const heard = new Promise((resolve) => {
      session.addEventListener("message", ({ detail }: CustomEvent) => resolve(detail.data));
    });
    session.addEventListener("peer", () => session.broadcast(`from the ${role}`));
    await session.broadcast(`from the ${role}`);
    const message = await heard;
    const [peer] = session.peers.values();
    const stats = new Map(await peer.connection.getStats()) as Map<string, Record<string, string>>;
    const transport = [...stats.values()].find(({ type }) => type === "transport")!;
    const pair = stats.get(transport.selectedCandidatePairId)!;
    const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId]
      .map((id) => stats.get(id)!);
    say(JSON.stringify({
      message,
      local: local.candidateType,
      remote: remote.candidateType,
      relayProtocol: local.relayProtocol,
    }));
  }, { role, address, origin });
  await Promise.race([talk, over]);
  await over;
} finally {
  await browser.close();
}
