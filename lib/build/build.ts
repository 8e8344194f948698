/** `deno task build`: makes what browsers get. `--watch` makes it again at each change of a source. */
import { buildAssets, SOURCE_FOLDERS } from "./build_assets.ts";
import { BuildError } from "./bundle_entries.ts";
import { fileURLToPath } from "node:url";

/** Editors write a file in several steps, and several files at once. */
const SETTLE_MS = 40;

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

if (Deno.args.includes("--watch")) {
  await watch();
} else if (!await build()) {
  Deno.exit(1);
}

async function build(): Promise<boolean> {
  const start = performance.now();
  try {
    if (await buildAssets(root)) {
      console.log(`Built dist/ in ${Math.round(performance.now() - start)} ms`);
    }
    return true;
  } catch (error) {
    console.error(error instanceof BuildError ? `The build failed: ${error.message}` : error);
    return false;
  }
}

async function watch(): Promise<void> {
  const changes = Deno.watchFs(SOURCE_FOLDERS.map((folder) => `${root}/${folder}`));
  await build();
  let settling: ReturnType<typeof setTimeout> | undefined;
  let building = Promise.resolve(true);
  for await (const { kind } of changes) {
    if (kind === "access") continue;
    clearTimeout(settling);
    settling = setTimeout(() => building = building.then(build), SETTLE_MS);
  }
}
