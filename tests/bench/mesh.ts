/**
 * `deno task bench:mesh`: how long it takes from N - 1 people joining at once until everybody is
 * connected to everybody, beside as many connections made inside one page, and shared out among N
 * pages, each with both its ends in one page and no server. One Chromium, a context and so a process
 * for each page with its script loaded, no ICE servers; the three take turns, so that a busy machine
 * is busy for all. One page starts WebRTC once; N pages start it N times, as a mesh does, which takes
 * two steps besides: to the primary, then to the others.
 */
import type { Page } from "puppeteer-core";
import { launchChromium } from "../browser/browsers.ts";
import "../browser/foyer_global.ts";
import { type Server, startServer } from "../contract/harness.ts";
import { LEAD, measureLimit } from "./mesh_limit.ts";

const SIZES = [4, 8, 16];
const ROUNDS = 5;

const server = await startServer();
try {
  console.log(`Time to a complete mesh in ms, median of ${ROUNDS}, Chromium, no ICE servers`);
  for (const size of SIZES) await compare(size);
} finally {
  await server.stop();
}

async function compare(size: number): Promise<void> {
  const meshes: number[] = [], onePage: number[] = [], nPages: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    meshes.push(await inNewBrowser((openPage) => measureMesh(openPage, server, size)));
    onePage.push(await inNewBrowser((openPage) => measurePairs(openPage, size, 1)));
    nPages.push(await inNewBrowser((openPage) => measurePairs(openPage, size, size)));
  }
  const ratio = (times: number[]) => (median(meshes) / median(times)).toFixed(2);
  console.log(
    `  N = ${String(size).padEnd(2)}  Foyer ${describe(meshes)}` +
      `  one page ${describe(onePage)} ratio ${ratio(onePage)} (aim: at most 1.25)` +
      `  ${size} pages ${describe(nPages)} ratio ${ratio(nPages)}`,
  );
}

/** As many connections as a mesh of `size` has, in `count` pages. */
async function measurePairs(
  openPage: () => Promise<Page>,
  size: number,
  count: number,
): Promise<number> {
  const pages: Page[] = [];
  for (let i = 0; i < count; i++) pages.push(await openClient(openPage, server.origin));
  return await measureLimit(pages, size * (size - 1) / 2);
}

/** Closed connections burden a browser until it collects garbage: none is left over here. */
async function inNewBrowser<T>(run: (openPage: () => Promise<Page>) => Promise<T>): Promise<T> {
  const browser = await launchChromium();
  try {
    return await run(browser.openPage);
  } finally {
    await browser.close();
  }
}

async function measureMesh(
  openPage: () => Promise<Page>,
  { origin }: Server,
  size: number,
): Promise<number> {
  const pages: Page[] = [];
  for (let i = 0; i < size; i++) pages.push(await openClient(openPage, origin));
  const [host, ...joiners] = pages;
  const link = await host.evaluate(async (others) => {
    const session = await Foyer.host();
    globalThis.completed = new Promise((resolve) => {
      session.addEventListener("peer", () => session.peers.size === others && resolve(Date.now()));
    });
    return session.link;
  }, size - 1);
  const start = Date.now() + LEAD;
  await Promise.all(joiners.map((page) => page.evaluate(joinAt, link, start, size - 1)));
  const ends = await Promise.all(pages.map((page) => page.evaluate(() => globalThis.completed)));
  return Math.max(...ends) - start;
}

declare global {
  /** When the page had a link to everybody, in milliseconds since the epoch. */
  var completed: Promise<number>;
}

async function openClient(openPage: () => Promise<Page>, origin: string): Promise<Page> {
  const page = await openPage();
  await page.goto(`${origin}/client.js`);
  await page.addScriptTag({ url: `${origin}/client.global.js` });
  return page;
}

/** Runs in a page. */
function joinAt(link: string, start: number, others: number): void {
  globalThis.completed = new Promise((resolve, reject) => {
    setTimeout(async () => {
      const session = await Foyer.join(link).catch(reject);
      if (!session) return;
      const check = () => session.peers.size === others && resolve(Date.now());
      session.addEventListener("peer", check);
      check();
    }, start - Date.now());
  });
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

function describe(times: number[]): string {
  const [middle, least, most] = [median(times), Math.min(...times), Math.max(...times)]
    .map((time) => time.toFixed(0));
  return `${middle.padStart(5)} (${least}-${most})`;
}
