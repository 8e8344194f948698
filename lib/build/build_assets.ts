import { addressOf, type Asset } from "./asset.ts";
import { type Bundle, bundleEntries, type Entry } from "./bundle_entries.ts";
import { hashSources } from "./hash_sources.ts";
import { makeAsset } from "./make_asset.ts";
import { readText, replaceText } from "./replace_text.ts";

/** What browsers get. */
const ENTRIES: readonly Entry[] = [
  { name: "client.js", source: "lib/mesh/client.ts" },
  { name: "client.later.js", source: "lib/mesh/later.ts", loadedAs: "./later.ts" },
  { name: "client.global.js", source: "lib/mesh/client_global.ts", isScript: true },
  { name: "client.check.js", source: "lib/mesh/check_connection.ts" },
  { name: "home.js", source: "islands/home.tsx" },
  { name: "join.js", source: "islands/join.ts", isScript: true },
  { name: "room.js", source: "islands/room.tsx" },
  { name: "check.js", source: "islands/check.tsx" },
  { name: "check.css", source: "islands/check_page.css" },
  { name: "style.css", source: "islands/style.css" },
];

/** The folders whose change changes a bundle. */
export const SOURCE_FOLDERS = ["islands", "lib/mesh", "lib/protocol"] as const;
const SOURCES = [...SOURCE_FOLDERS, "lib/build", "deno.json", "deno.lock"];

/**
 * Writes each bundle and `assets.ts`, which holds them all, to `dist/` below `root`; true where a
 * source changed since the last time. A file whose content stays as it was is not touched, and none
 * is ever seen half written.
 * @throws {BuildError} naming the source that is wrong; `dist/` stays as it was.
 */
export async function buildAssets(root: string): Promise<boolean> {
  const mark = `${root}/dist/.sources`;
  const module = `${root}/dist/assets.ts`;
  const sources = await hashSources(root, SOURCES);
  if (sources === await readText(mark) && await readText(module) !== null) return false;
  const assets = makeAssets(await bundleEntries(root, ENTRIES));
  await Deno.mkdir(`${root}/dist`, { recursive: true });
  for (const { name, body } of assets) await replaceText(`${root}/dist/${name}`, body);
  await replaceText(module, writeModule(assets));
  await replaceText(mark, sources);
  return true;
}

/** Each loads what comes later by the address of its content: both are of the same build. */
function makeAssets(bundles: readonly Bundle[]): Asset[] {
  const addresses = new Map(
    ENTRIES.flatMap(({ name, loadedAs }) => {
      const bundle = bundles.find((bundle) => bundle.name === name)!;
      return loadedAs ? [[loadedAs, addressOf(makeAsset(bundle))]] : [];
    }),
  );
  return bundles.map(({ name, body }, i) => {
    const { isScript } = ENTRIES[i];
    const linked = body.replace(/\bimport\("([^"]+)"\)/g, (text, path) => {
      const address = addresses.get(path);
      if (!address) return text;
      return isScript ? `import(new URL("${address}",foyerScript))` : `import("${address}")`;
    });
    return makeAsset({ name, body: isScript ? wrapScript(linked) : linked });
  });
}

/**
 * The names of a plain script are everybody's: those of its own stay in a function. What one of
 * another origin imports has no base address (HTML section 8.1.4.2, muted errors).
 */
function wrapScript(body: string): string {
  return `(()=>{const foyerScript=document.currentScript?.src||location.href;${body}})();`;
}

function writeModule(assets: readonly Asset[]): string {
  return [
    "// Made by `deno task build`.",
    'import type { Asset } from "../lib/build/asset.ts";',
    "",
    "export const assets: Record<string, Asset> = {",
    ...assets.map((asset) => `  ${JSON.stringify(asset.name)}: ${JSON.stringify(asset)},`),
    "};",
    "",
  ].join("\n");
}
