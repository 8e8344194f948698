import type { ConsoleMessage, Page } from "puppeteer-core";
import { type Server, type Settings, startServer } from "../contract/harness.ts";
import { type Performance, testTogether } from "../contract/together.ts";
import {
  explainNoFirefox,
  launchChromium,
  launchFirefox,
  type RunningBrowser,
} from "./browsers.ts";

/** Longest wait for anything a test waits for, in milliseconds. Reached only when a test fails. */
const PATIENCE = 60_000;

/** One test's servers and pages. All of them end with it. */
export interface Stage {
  serve(settings?: Settings): Promise<Server>;
  /** An empty page in a context of its own. `trusting` is a Chromium that takes any certificate. */
  open(browser?: "chromium" | "trusting" | "firefox"): Promise<Page>;
  /** Ends with the test, after the pages and before the servers. */
  defer(end: () => unknown): void;
  /** What a page may complain about; any other error in a page fails the test. */
  allowFault(pattern: RegExp): void;
}

/**
 * A test in Chromium. It fails when a page throws, logs an error or breaks its content security
 * policy, unless the test allows it.
 */
export function testInChromium(name: string, run: (stage: Stage) => Promise<void>): void {
  // The sanitizers see only one test; the browser is there for all tests of a file.
  Deno.test({ name, sanitizeOps: false, sanitizeResources: false, fn: () => perform(run) });
}

/** Such a test as one of several at the same time. `why` it is skipped; null where it is not. */
export function inChromium(
  run: (stage: Stage) => Promise<void>,
  why: string | null = null,
): Performance {
  return { fn: () => perform(run), ignore: why !== null, why: `(skipped: ${why})` };
}

/** For tests that mostly wait. */
export function testTogetherInChromium(
  name: string,
  performances: Record<string, Performance>,
): void {
  testTogether(name, performances, { sanitizeOps: false, sanitizeResources: false });
}

const noFirefox = await explainNoFirefox();

/** The same with Firefox beside it; skipped, and the reason in its name, where there is none. */
export function testInFirefox(name: string, run: (stage: Stage) => Promise<void>): void {
  const shown = noFirefox ? `${name} (skipped: ${noFirefox})` : name;
  const fn = () => perform(run);
  Deno.test({
    name: shown,
    ignore: noFirefox !== null,
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

const launchers = {
  chromium: () => launchChromium(),
  trusting: () => launchChromium(["--ignore-certificate-errors"]),
  firefox: launchFirefox,
};
const running = new Map<string, Promise<RunningBrowser>>();

Deno.test.afterAll(async () => {
  for (const browser of running.values()) await (await browser).close();
  running.clear();
});

async function perform(run: (stage: Stage) => Promise<void>): Promise<void> {
  const faults: string[] = [];
  const allowed: RegExp[] = [];
  await using ends = new AsyncDisposableStack();
  const pages = ends.use(new AsyncDisposableStack());
  const stage: Stage = {
    serve: async (settings) => {
      const server = await startServer(settings);
      ends.defer(async () => void await server.stop());
      return server;
    },
    open: async (name = "chromium") => {
      const browser = running.get(name) ?? launchers[name]();
      running.set(name, browser);
      const page = await (await browser).openPage();
      pages.defer(() => page.browserContext().close());
      await collectFaults(page, faults);
      return page;
    },
    defer: (end) => pages.defer(async () => void await end()),
    allowFault: (pattern) => void allowed.push(pattern),
  };
  try {
    await run(stage);
  } catch (cause) {
    if (faults.length === 0) throw cause;
    throw new Error(`${(cause as Error).message}\n${describe(faults)}`, { cause });
  }
  const rest = faults.filter((fault) => !allowed.some((pattern) => pattern.test(fault)));
  if (rest.length > 0) throw new Error(describe(rest));
}

function describe(faults: string[]): string {
  return `In the pages:\n${faults.map((fault) => `  ${fault}`).join("\n")}`;
}

async function collectFaults(page: Page, faults: string[]): Promise<void> {
  page.on("pageerror", (error) => faults.push(`uncaught ${(error as Error).stack ?? error}`));
  page.on("console", (message: ConsoleMessage) => {
    if (message.type() !== "error") return;
    faults.push(`${message.text()} (${message.location().url ?? page.url()})`);
  });
  await page.evaluateOnNewDocument(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`The policy ${violatedDirective} was broken by ${blockedURI}`);
    });
  });
}

/**
 * Waits until `condition`, which runs in the page and gets `value`, is true.
 * @throws {Error} saying what was waited for and what the page showed instead.
 */
export async function until<Value extends string | number>(
  page: Page,
  what: string,
  condition: (value: Value) => unknown,
  value?: Value,
): Promise<void> {
  try {
    const options = { polling: 20, timeout: PATIENCE };
    await page.waitForFunction(condition as (value: unknown) => unknown, options, value);
  } catch (cause) {
    const shown = await page.evaluate(() => {
      const { state } = document.getElementById("foyer")?.dataset ?? {};
      return `${location.href}, state ${state}: ${document.body?.innerText}`;
    }).catch((error) => `nothing: ${error.message}`);
    throw new Error(`waited for ${what}; the page shows ${shown}`, { cause });
  }
}
