/**
 * `deno task assets`: makes what browsers get. `--watch` makes it again at each change of a source;
 * `--package`, for `deno task build`, makes the npm package too.
 */
import { buildAssets, SOURCE_FOLDERS } from "./build_assets.ts";
import { BuildError } from "./run_bundler.ts";
import { fileURLToPath } from "node:url";

/** Editors write a file in several steps, and several files at once. */
const SETTLE_MS = 40;

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const withPackage = Deno.args.includes("--package");

if (Deno.args.includes("--watch")) {
  await watch();
} else if (!await build()) {
  Deno.exit(1);
}

async function build(): Promise<boolean> {
  const start = performance.now();
  try {
    const isNew = await buildAssets(root);
    // Its tools take longer to load than the rest takes to build.
    const { buildPackage } = withPackage ? await import("./build_package.ts") : {};
    if (await buildPackage?.(root) || isNew) {
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
