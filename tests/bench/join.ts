/**
 * `deno task bench:join`: how long it takes from opening a link to an open data channel, beside
 * PeerJS in the same run. Same browser and flags for both, a context with cold caches for each join,
 * no ICE servers, everything compressed; the two take turns, so that a busy machine is busy for both.
 */
import { launchChromium } from "../browser/browsers.ts";
import { startFoyer } from "./foyer.ts";
import type { Host } from "./host.ts";
import { startPeerJs } from "./peerjs.ts";

const JOINS = 20;
/** Not counted: the first ones also warm the servers up. */
const WARM_UPS = 3;

/** Milliseconds until the first data channel of a joiner's page is open. */
interface Join {
  fromNavigation: number;
  /** From the arrival of the page's script. */
  fromScript: number;
}

const chromium = await launchChromium();
const hosts: Host[] = [];
try {
  hosts.push(await startFoyer(chromium.openPage));
  hosts.push(await startPeerJs(chromium.openPage));
  const joins = hosts.map((): Join[] => []);
  for (let i = -WARM_UPS; i < JOINS; i++) {
    for (const [j, host] of hosts.entries()) {
      const join = await measureJoin(host);
      if (i >= 0) joins[j].push(join);
    }
  }
  report(joins);
} finally {
  await chromium.close();
  await Promise.all(hosts.map((host) => host.stop()));
}

async function measureJoin({ link, page: host }: Host): Promise<Join> {
  const page = await chromium.openPage();
  await page.evaluateOnNewDocument(watchChannels);
  await page.goto(link);
  await page.waitForFunction(() => globalThis.openedAt !== undefined, { polling: 10 });
  const join = await page.evaluate(readTimes);
  // Leaving by navigation tells the host at once, and the next join meets an empty house.
  await page.goto("about:blank");
  await host.waitForFunction(() => countGuests() === 0, { polling: 10 });
  await page.browserContext().close();
  return join;
}

declare global {
  /** In the page of a joiner: when its first data channel opened, by the clock of the page. */
  var openedAt: number | undefined;
}

/** Runs in a page before its own scripts. */
function watchChannels(): void {
  const watch = (channel: RTCDataChannel) =>
    channel.addEventListener("open", () => globalThis.openedAt ??= performance.now());
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = create.apply(this, args);
    watch(channel);
    return channel;
  };
}

function readTimes(): Join {
  const script = document.querySelector<HTMLScriptElement>("script[src]")?.src;
  const resources = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  // A script without an address came with the page.
  const { responseEnd } = resources.find(({ name }) => name === script) ?? page;
  return { fromNavigation: openedAt!, fromScript: openedAt! - responseEnd };
}

function report([ours, theirs]: Join[][]): void {
  console.log(
    `Link to open channel in ms, ${JOINS} joins each, Chromium, cold caches, no ICE servers`,
  );
  for (const [name, joins] of [["Foyer", ours], ["PeerJS", theirs]] as const) {
    const navigation = summarize(joins.map(({ fromNavigation }) => fromNavigation));
    const script = summarize(joins.map(({ fromScript }) => fromScript));
    console.log(`  ${name.padEnd(7)} from navigation ${navigation}, from its script ${script}`);
  }
  const ratio = median(ours.map((j) => j.fromNavigation)) /
    median(theirs.map((j) => j.fromNavigation));
  console.log(`  ratio   ${ratio.toFixed(2)} from navigation (aim: at most 0.65)`);
}

function summarize(times: number[]): string {
  return `${median(times).toFixed(0)} (p90 ${pick(times, 0.9).toFixed(0)})`;
}

function median(times: number[]): number {
  return (pick(times, 0.5) + pick(times, 0.5, Math.floor)) / 2;
}

function pick(times: number[], quantile: number, round = Math.ceil): number {
  return times.toSorted((a, b) => a - b)[round((times.length - 1) * quantile)];
}
