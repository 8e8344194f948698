import type { Page } from "puppeteer-core";
import "../browser/foyer_global.ts";
import { startServer } from "../contract/harness.ts";
import type { Host } from "./host.ts";

/** Foyer as it is: its server, its loading page for the joiners, its client in the page of the host. */
export async function startFoyer(openPage: () => Promise<Page>): Promise<Host> {
  const server = await startServer();
  const page = await openPage();
  await page.goto(`${server.origin}/client.global.js`);
  await page.addScriptTag({ url: `${server.origin}/client.global.js` });
  const link = await page.evaluate(async () => {
    const session = await Foyer.host();
    globalThis.countGuests = () => session.peers.size;
    return session.link;
  });
  return { name: "Foyer", link, page, stop: async () => void await server.stop() };
}
