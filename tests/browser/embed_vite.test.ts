/** The npm package in a real project: installed from its tarball, checked, bundled and used. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "puppeteer-core";
import { serveFolder } from "./pages.ts";
import { testInChromium, until } from "./stage.ts";

const root = new URL("../../", import.meta.url).pathname;
const missing = await explainNoProject();
const test = missing === null
  ? testInChromium
  : (name: string) => Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn() {} });

/** What host() says without a server, and where there is no WebRTC: importing it alone harms nobody. */
const ASK_NODE = `import { host } from "foyer-client";
const say = (error) => error.code;
console.log(await host().catch(say), await host({ server: "https://foyer.example" }).catch(say));`;

async function explainNoProject(): Promise<string | null> {
  try {
    const { success } = await npm(
      root,
      "view",
      "vite",
      "version",
      "--fetch-retries=0",
      "--fetch-timeout=10000",
    );
    return success ? null : "the npm registry cannot be reached";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "npm is not here";
    throw error;
  }
}

test("a Vite project installs the package, its types hold, and its pages edit together", async (stage) => {
  const folder = await Deno.makeTempDir({ prefix: "foyer-vite-" });
  stage.defer(() => Deno.remove(folder, { recursive: true }));
  for (const { name, isFile } of Deno.readDirSync(`${root}tests/demo/editor`)) {
    if (isFile) await Deno.copyFile(`${root}tests/demo/editor/${name}`, `${folder}/${name}`);
  }
  const tarball = await run(folder, "pack", "--silent", `${root}dist/package`);
  await run(
    folder,
    "install",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    `./${tarball.trim()}`,
  );
  const [built, imported] = await Promise.all([
    run(folder, "run", "build"),
    run(folder, "exec", "--", "node", "--input-type=module", "--eval", ASK_NODE),
  ]);
  assertStringIncludes(built, "later-", "what is loaded later is a file of its own");
  assertEquals(imported, "invalid unsupported\n");

  const server = await stage.serve();
  const site = serveFolder(`${folder}/dist`);
  stage.defer(site.stop);
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(`${site.origin}/?server=${server.origin}`);
  await until(host, "the link", () => !document.getElementById("copy")?.hidden);
  await host.type(".cm-content", "written by the host");
  await joiner.goto((await host.$eval("#copy", (copy) => (copy as HTMLElement).dataset.link))!);
  await untilText(joiner, "written by the host");
  await joiner.type(".cm-content", "And by the joiner, ");
  await untilText(host, "And by the joiner,");
  await until(joiner, "two people", () => document.querySelectorAll("#people li").length === 2);
});

async function untilText(page: Page, text: string): Promise<void> {
  await until(
    page,
    `the text "${text}"`,
    (text) => document.querySelector<HTMLElement>(".cm-content")?.innerText.includes(text),
    text,
  );
}

async function run(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await npm(folder, ...args);
  const words = new TextDecoder().decode(stdout);
  assertEquals(success, true, `npm ${args[0]}: ${words}${new TextDecoder().decode(stderr)}`);
  return words;
}

function npm(cwd: string, ...args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command("npm", { args, cwd, stdin: "null" }).output();
}
