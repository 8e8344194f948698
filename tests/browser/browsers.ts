import puppeteer, { type BrowserContext, type CDPSession, type Page } from "puppeteer-core";
import { findChromium, findFirefox, type Program } from "./find_browser.ts";

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A camera and a microphone that every machine has; a page still has to be allowed to use them.
  "--use-fake-device-for-media-stream",
];

/** Where there is no network but loopback, browsers connect over it only when they are told to. */
const ONLY_LOOPBACK = Deno.networkInterfaces().every(({ address }) =>
  address.startsWith("127.") || address === "::1" || address.startsWith("fe80:")
);

/** A browser of one's own, without a window. */
export interface RunningBrowser {
  /** An empty page that shares no cookie, cache or storage with another; it ends with its context. */
  openPage(): Promise<Page>;
  close(): Promise<void>;
}

/** With `flags` beside its own. @throws where there is no Chromium on this machine. */
export async function launchChromium(flags: string[] = []): Promise<RunningBrowser> {
  const loopback = ONLY_LOOPBACK ? ["--allow-loopback-in-peer-connection"] : [];
  const browser = await puppeteer.launch({
    ...locate("Chromium", await findChromium()),
    args: [...CHROMIUM_FLAGS, ...loopback, ...flags],
  });
  // What it grants lasts as long as it is attached.
  const devtools = await browser.target().createCDPSession();
  return {
    openPage: async () => {
      const context = await browser.createBrowserContext();
      if (ONLY_LOOPBACK) await showAddresses(devtools, context);
      return await context.newPage();
    },
    close: () => browser.close(),
  };
}

/** Why nothing can be tested in Firefox here; null where it can. */
export async function explainNoFirefox(): Promise<string | null> {
  if (!await findFirefox()) return "Firefox is not here";
  // It finds no candidates then, whatever media.peerconnection.ice.loopback says.
  if (ONLY_LOOPBACK) return "Firefox connects to nothing where there is only loopback";
  return null;
}

/** @throws where there is no Firefox on this machine. */
export async function launchFirefox(): Promise<RunningBrowser> {
  const browser = await puppeteer.launch({
    ...locate("Firefox", await findFirefox()),
    browser: "firefox",
    // As above; nobody is there to answer its question.
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
    },
  });
  return {
    openPage: async () => await (await browser.createBrowserContext()).newPage(),
    close: () => browser.close(),
  };
}

function locate(name: string, program: Program | null) {
  if (!program) throw new Error(`${name} is not here; tests/browser/install.ts says what to do`);
  return {
    executablePath: program.path,
    env: { ...Deno.env.toObject(), ...program.env },
    headless: true,
  };
}

/** Chromium puts the address of loopback into a candidate only for a page that may use the microphone. */
async function showAddresses(devtools: CDPSession, context: BrowserContext): Promise<void> {
  await devtools.send("Browser.grantPermissions", {
    permissions: ["audioCapture"],
    browserContextId: context.id,
  });
}
