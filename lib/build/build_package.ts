import { parse } from "node:path/posix";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import ts from "typescript";
import config from "../../deno.json" with { type: "json" };
import { hashSources } from "./hash_sources.ts";
import { readText, replaceText } from "./replace_text.ts";
import { BuildError, runBundler } from "./run_bundler.ts";

/** What applications import, by its name in the package's `exports`. */
const ENTRIES: Record<string, string> = {
  ".": "lib/mesh/client_package.ts",
  "./yjs": "lib/mesh/yjs.ts",
  "./check": "lib/mesh/check_connection.ts",
};
/** What only `./yjs` needs: an application that imports it has these anyway. */
const PEERS = ["lib0", "y-protocols", "yjs"] as const;
const SOURCES = ["lib/mesh", "lib/protocol", "lib/build", "LICENSE", "deno.json", "deno.lock"];

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
  types: [],
  strict: true,
  allowImportingTsExtensions: true,
};

/**
 * Writes the client as an npm package to `dist/package/` below `root`: ES modules with source maps
 * and declarations. True where a source changed since the last time.
 * @throws {BuildError} naming the source that is wrong; `dist/` stays as it was.
 */
export async function buildPackage(root: string): Promise<boolean> {
  const folder = `${root}/dist/package`;
  const sources = await hashSources(root, SOURCES);
  const mark = `${folder}/.sources`;
  if (sources === await readText(mark)) return false;
  const files = new Map([
    ...await bundleModules(root, folder),
    ...await bundleDeclarations(root),
    ["package.json", JSON.stringify(describePackage(), null, 2) + "\n"],
    ["README.md", await Deno.readTextFile(`${root}/lib/build/package.md`)],
    ["LICENSE", await Deno.readTextFile(`${root}/LICENSE`)],
  ]);
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of files) await replaceText(`${folder}/${name}`, text);
  await removeOthers(folder, files);
  await replaceText(mark, sources);
  return true;
}

/** Chunks have a hash in their name: those of an earlier build would stay. */
async function removeOthers(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (/\.js(\.map)?$/.test(name) && !files.has(name)) await Deno.remove(`${folder}/${name}`);
  }
}

/** What is loaded later, and what entries share, becomes a file of its own. */
async function bundleModules(root: string, folder: string): Promise<[string, string][]> {
  const files = await runBundler({
    entrypoints: Object.values(ENTRIES).map((source) => `${root}/${source}`),
    outputDir: folder,
    codeSplitting: true,
    external: PEERS.flatMap((name) => [name, `${name}/*`]),
    sourcemap: "linked",
  });
  return files.map((file) => [parse(file.path).base, file.text()]);
}

/** One file for each entry, and in it only what an application can name. */
async function bundleDeclarations(root: string): Promise<[string, string][]> {
  try {
    await using bundle = await rollup({
      input: Object.values(ENTRIES).map((source) => `${root}/${source}`),
      external: (id) => !/^[./]/.test(id),
      plugins: [dts({ compilerOptions: COMPILER_OPTIONS })],
      onLog() {},
    });
    const { output } = await bundle.generate({ chunkFileNames: "shared.d.ts" });
    return output.flatMap((file) => file.type === "chunk" ? [[file.fileName, file.code]] : []);
  } catch (cause) {
    throw new BuildError((cause as Error).message, { cause });
  }
}

function describePackage() {
  const versions = PEERS.map((name) => [name, config.imports[name].replace(/.*@/, "")]);
  return {
    name: "foyer-client",
    version: config.version,
    description: "A link that opens into a mesh of WebRTC connections: the client of Foyer",
    license: config.license,
    type: "module",
    sideEffects: false,
    exports: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, source]) => {
        const file = `./${parse(source).name}`;
        return [name, { types: `${file}.d.ts`, default: `${file}.js` }];
      }),
    ),
    files: ["*.js", "*.js.map", "*.d.ts"],
    peerDependencies: Object.fromEntries(versions),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((name) => [name, { optional: true }])),
  };
}
