import type { Page } from "puppeteer-core";

/** Clicks a download link, as a person does. @returns what was saved. Chromium only. */
export async function downloadFile(page: Page, selector: string): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir();
  const devtools = await page.createCDPSession();
  try {
    const saved = new Promise<string>((resolve, reject) => {
      devtools.on("Browser.downloadProgress", ({ state, guid }) => {
        if (state === "completed") resolve(guid);
        if (state === "canceled") reject(new Error("the download was given up"));
      });
    });
    await devtools.send("Browser.setDownloadBehavior", {
      behavior: "allowAndName",
      browserContextId: page.browserContext().id,
      downloadPath: folder,
      eventsEnabled: true,
    });
    await page.locator(selector).click();
    return await Deno.readFile(`${folder}/${await saved}`);
  } finally {
    await devtools.detach();
    await Deno.remove(folder, { recursive: true });
  }
}
