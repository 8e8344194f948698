import type { Page } from "puppeteer-core";

/** Stops all scripts of `page`, as in a laptop that sleeps. Resolves to what wakes it. */
export async function freeze(page: Page): Promise<() => Promise<void>> {
  const devtools = await page.createCDPSession();
  await devtools.send("Debugger.enable");
  await devtools.send("Debugger.pause");
  // It pauses when it next has something to do.
  const paused = new Promise((resolve) => devtools.once("Debugger.paused", resolve));
  const ticking = page.evaluate(() => void setTimeout(() => {}));
  await paused;
  return async () => {
    await devtools.send("Debugger.resume");
    await ticking;
  };
}
