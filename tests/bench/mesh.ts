/**
 * `deno task bench:mesh`: how long it takes from N - 1 people joining at once until everybody is
 * connected to everybody, beside as many connections made inside one page, in the same run. One
 * Chromium, a context and so a process for each client with its script loaded, no ICE servers; the
 * two take turns, so that a busy machine is busy for both. The limit starts WebRTC in one process
 * and makes all connections in one step; a mesh starts it in N, and takes two: to the primary, then
 * to the others.
 */
import type { Page } from "puppeteer-core";
import { launchChromium } from "../browser/browsers.ts";
import "../browser/foyer_global.ts";
import { type Server, startServer } from "../contract/harness.ts";
import { measureLimit } from "./mesh_limit.ts";

const SIZES = [4, 8, 16];
const ROUNDS = 5;
/** Until all pages have been told to start, in milliseconds. */
const LEAD = 500;

const server = await startServer();
try {
  console.log(`Time to a complete mesh in ms, median of ${ROUNDS}, Chromium, no ICE servers`);
  for (const size of SIZES) await compare(size);
} finally {
  await server.stop();
}

async function compare(size: number): Promise<void> {
  const meshes: number[] = [], limits: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    meshes.push(await inNewBrowser((openPage) => measureMesh(openPage, server, size)));
    limits.push(
      await inNewBrowser(async (openPage) => {
        const page = await openPage();
        await page.goto(`${server.origin}/client.js`);
        return await measureLimit(page, size * (size - 1) / 2);
      }),
    );
  }
  const [mesh, limit] = [meshes, limits].map(median);
  console.log(
    `  N = ${String(size).padEnd(2)}  Foyer ${mesh.toFixed(0).padStart(5)} ${describe(meshes)}` +
      `  one page ${limit.toFixed(0).padStart(5)} ${describe(limits)}` +
      `  ratio ${(mesh / limit).toFixed(2)} (aim: at most 1.25)`,
  );
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
  return `(${Math.min(...times).toFixed(0)}-${Math.max(...times).toFixed(0)})`;
}
