/** A session that is there before a test begins. */
import type { Page } from "puppeteer-core";
import type { Stage } from "../browser/stage.ts";
import type { Server } from "../contract/harness.ts";
import { enterSession, hostSession, openClients, untilLinked } from "./clients.ts";
import { watchAll } from "./happenings.ts";

/**
 * A session of `count` pages, the primary first, and `late` pages that have not opened its link. `spoil`
 * runs in the last one before it joins.
 */
export async function meet(
  stage: Stage,
  count: number,
  late = 0,
  spoil?: () => void,
): Promise<{ pages: Page[]; link: string; late: Page[]; server: Server }> {
  const server = await stage.serve();
  stage.allowFault(/WebSocket connection to .* failed/);
  const all = await openClients(stage, server, count + late);
  const pages = all.slice(0, count);
  if (spoil) await pages[count - 1].evaluate(spoil);
  const link = await hostSession(pages[0]);
  for (const page of pages.slice(1)) await enterSession(page, link);
  await prepare(pages, !spoil);
  return { pages, link, late: all.slice(count), server };
}

/** Waits until what comes after the handshakes is there too; events of the `pages` are kept from here on. */
export async function prepare(pages: Page[], areLinked = true): Promise<void> {
  if (areLinked) await untilLinked(pages);
  // What repairs is loaded after the handshakes, and the primary's word for it comes then.
  await Promise.all(pages.map((page) => page.evaluate(() => session!.stats())));
  await watchAll(pages);
}
