import type { Page } from "puppeteer-core";
import type { Host } from "./host.ts";

const PACKAGE = "npm:peer@1.0.2/peerjs";

/** PeerJS as its users run it: the server of npm's `peer`, and pages that include its script. */
export async function startPeerJs(openPage: () => Promise<Page>): Promise<Host> {
  const port = findPort();
  // Without a lock: its hundred packages are nothing that Foyer builds on.
  const signalling = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-config", "--no-lock", PACKAGE, "--port", `${port}`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const words = signalling.stdout.getReader();
  await words.read();

  const pages = new Worker(new URL("./peerjs_pages.ts", import.meta.url), { type: "module" });
  const origin = await new Promise<string>((resolve) => {
    pages.onmessage = ({ data }) => resolve(data);
    pages.postMessage(port);
  });
  const page = await openPage();
  await page.goto(`${origin}/host`);
  await page.waitForFunction(() => document.title === "ready");
  return {
    name: "PeerJS",
    link: `${origin}/join`,
    page,
    stop: async () => {
      pages.terminate();
      signalling.kill();
      await words.cancel();
      await signalling.status;
    },
  };
}

function findPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
