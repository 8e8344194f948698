/** Pages with the client alone: many of them cost less than as many rooms. */
import type { Page } from "puppeteer-core";
import "../browser/foyer_global.ts";
import { servePages } from "../browser/pages.ts";
import { type Stage, until } from "../browser/stage.ts";
import type { Server } from "../contract/harness.ts";
import type { HostOptions, Session } from "../../lib/mesh/client.ts";

declare global {
  /** The session of a page that hosts or has joined. */
  var session: Session | undefined;
  /** Every connection and every channel that the page has made. */
  var connections: RTCPeerConnection[];
  var channels: RTCDataChannel[];
}

/** Opens `count` pages, each in a context of its own. */
export async function openClients(
  stage: Stage,
  { origin }: Pick<Server, "origin">,
  count: number,
  browser: "chromium" | "firefox" = "chromium",
): Promise<Page[]> {
  const site = servePages({ "/": `<script src="${origin}/client.global.js"></script>` });
  stage.defer(site.stop);
  const pages: Page[] = [];
  while (pages.length < count) {
    const page = await stage.open(browser);
    await page.evaluateOnNewDocument(collectConnections);
    await page.goto(site.origin);
    pages.push(page);
  }
  return pages;
}

/** @returns the session's link. */
export async function hostSession(page: Page, options: HostOptions = {}): Promise<string> {
  return await page.evaluate(async (options) => {
    globalThis.session = await Foyer.host(options);
    return session!.link;
  }, options);
}

/** @returns the word of the error where the page does not come in, else null. */
export async function enterSession(page: Page, link: string): Promise<string | null> {
  return await page.evaluate(async (link) => {
    try {
      globalThis.session = await Foyer.join(link);
      return null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }, link);
}

/** Waits until each of the `pages` has a link to all the others of them, and to nobody else. */
export async function untilLinked(pages: Page[]): Promise<void> {
  const ids = await Promise.all(pages.map((page) => page.evaluate(() => session!.self)));
  await Promise.all(
    pages.map((page) =>
      until(page, `links to ${ids.length - 1} others`, (wanted) => {
        const there = [session!.self, ...session!.peers.keys()];
        return there.toSorted().join() === wanted;
      }, ids.toSorted().join())
    ),
  );
}

/** How many connections and how many channels are open between the `pages`: each has two ends. */
export async function countOpen(pages: Page[]): Promise<{ connections: number; channels: number }> {
  const ends = await Promise.all(pages.map((page) =>
    page.evaluate(() => ({
      connections: connections.filter((end) => end.connectionState === "connected").length,
      channels: channels.filter((end) => end.readyState === "open").length,
    }))
  ));
  return {
    connections: ends.reduce((sum, { connections }) => sum + connections, 0) / 2,
    channels: ends.reduce((sum, { channels }) => sum + channels, 0) / 2,
  };
}

export async function leaveSession(pages: Page[]): Promise<void> {
  await Promise.all(pages.map((page) => page.evaluate(() => session!.close())));
}

/** Runs in a page before its own scripts. */
function collectConnections(): void {
  globalThis.connections = [];
  globalThis.channels = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
      this.addEventListener("datachannel", ({ channel }) => channels.push(channel));
    }
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options);
      channels.push(channel);
      return channel;
    }
  };
}
