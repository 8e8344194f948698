/** The client in pages that are not Foyer's, and under their rules. */
import { assertEquals } from "@std/assert";
import type { Frame, Page } from "puppeteer-core";
import "./foyer_global.ts";
import { servePages } from "./pages.ts";
import { type Stage, testInChromium, testInFirefox, until } from "./stage.ts";

/** Hosts in one page, joins in the other, and asks for what is loaded later. @returns what was heard. */
async function talk(host: Page | Frame, joiner: Page | Frame): Promise<unknown> {
  const link = await host.evaluate(async () => {
    const session = await Foyer.host();
    session.addEventListener("message", async ({ detail }) => {
      const { path } = (await session.stats()).get(detail.peerId)!;
      session.send(detail.peerId, { echo: detail.data, path });
    });
    return session.link;
  });
  return await joiner.evaluate(async (link) => {
    const session = await Foyer.join(link);
    const reply = new Promise((resolve) =>
      session.addEventListener("message", ({ detail }) => resolve(detail.data))
    );
    await session.send(session.primary, "hello");
    return await reply;
  }, link);
}

const REPLY = { echo: "hello", path: "direct" };

/** A page with Foyer's script and this policy (CSP level 3) beside what any page may. */
function servePolicy(stage: Stage, origin: string, policy: string, attribute = "") {
  const site = servePages(
    { "/": `<script ${attribute} src="${origin}/client.global.js"></script>` },
    { "Content-Security-Policy": `default-src 'none'; img-src data:; ${policy}` },
  );
  stage.defer(site.stop);
  return site.origin;
}

for (const [name, test] of Object.entries({ Chromium: testInChromium, Firefox: testInFirefox })) {
  const browser = name.toLowerCase() as "chromium" | "firefox";
  test(`a strict policy that names Foyer lets pages in ${name} meet`, async (stage) => {
    const { origin } = await stage.serve();
    const connect = `connect-src ${origin} ${origin.replace("http", "ws")}`;
    const named = await stage.open(browser);
    await named.goto(servePolicy(stage, origin, `script-src ${origin}; ${connect}`));
    const nonced = await stage.open(browser);
    await nonced.goto(
      servePolicy(stage, origin, `script-src 'nonce-abc'; ${connect}`, "nonce=abc"),
    );
    assertEquals(await talk(named, nonced), REPLY);
    assertEquals(await talk(nonced, named), REPLY);
  });
}

testInChromium("each source of that policy is needed", async (stage) => {
  stage.allowFault(/Content Security Policy|The policy (script|connect)-src/);
  const { origin } = await stage.serve();
  const socket = origin.replace("http", "ws");
  const link = `${origin}/${"a".repeat(22)}`;
  const open = async (policy: string) => {
    const page = await stage.open();
    await page.goto(servePolicy(stage, origin, policy));
    return page;
  };
  const scriptless = await open(`script-src 'none'; connect-src ${origin} ${socket}`);
  assertEquals(await scriptless.evaluate(() => "Foyer" in globalThis), false);

  const socketless = await open(`script-src ${origin}; connect-src ${origin}`);
  assertEquals(await findBlocked(socketless, () => Foyer.host()), socket);

  const requestless = await open(`script-src ${origin}; connect-src ${socket}`);
  assertEquals(await findBlocked(requestless, (link) => Foyer.join(link), link), origin);
});

/** @returns the origin that the policy of `page` keeps it from when it does what `act` says. */
async function findBlocked(
  page: Page,
  act: (link: string) => Promise<unknown>,
  link = "",
): Promise<string> {
  await page.evaluate(() => {
    addEventListener("securitypolicyviolation", ({ blockedURI }) => document.title = blockedURI);
  });
  page.evaluate(act, link).catch(() => "the page is closed before it gives up");
  await until(page, "something blocked", () => document.title);
  return new URL(await page.title()).origin;
}

testInChromium(
  "frames of another origin meet in a sandbox that allows scripts alone",
  async (stage) => {
    const { origin } = await stage.serve();
    const [host, joiner] = [await openFramed(stage, origin), await openFramed(stage, origin)];
    assertEquals(await host.evaluate(() => origin), "null");
    assertEquals(await talk(host, joiner), REPLY);
  },
);

testInChromium("a frame without an origin is refused where origins are named", async (stage) => {
  stage.allowFault(/CORS policy|ERR_FAILED/);
  const { origin } = await stage.serve({ ALLOWED_ORIGINS: "https://example.com" });
  const frame = await openFramed(stage, origin);
  const link = `${origin}/${"a".repeat(22)}`;
  const join = (link: string) => Foyer.join(link).catch(({ code }) => code);
  assertEquals(await frame.evaluate(join, link), "unreachable");
});

/** A page with a frame of another origin, in the strictest sandbox that runs scripts. */
async function openFramed(stage: Stage, origin: string): Promise<Frame> {
  const inner = servePages({ "/": `<script src="${origin}/client.global.js"></script>` });
  stage.defer(inner.stop);
  const frame = `<iframe sandbox="allow-scripts" src="${inner.origin}"></iframe>`;
  const outer = servePages({ "/": frame });
  stage.defer(outer.stop);
  const page = await stage.open();
  await page.goto(outer.origin);
  return await page.waitForFrame(`${inner.origin}/`);
}

testInChromium("a file on a disk hosts, and another joins by the pasted link", async (stage) => {
  const { origin } = await stage.serve();
  const demo = await Deno.readTextFile(new URL("../demo/plain.html", import.meta.url));
  const file = await Deno.makeTempFile({ prefix: "foyer-plain-", suffix: ".html" });
  stage.defer(() => Deno.remove(file));
  await Deno.writeTextFile(file, demo.replaceAll("http://localhost:8000", origin));
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(`file://${file}`);
  await joiner.goto(`file://${file}`);
  await host.locator("#start button").click();
  await until(host, "a link", () => document.getElementById("state")?.innerText.includes("1 here"));
  const [link] = (await host.$eval("#state", (state) => state.textContent!)).split(" ");
  await joiner.locator("#enter input").fill(link);
  await joiner.locator("#enter button").click();
  await until(joiner, "two", () => document.getElementById("state")?.innerText.includes("2 here"));
});
