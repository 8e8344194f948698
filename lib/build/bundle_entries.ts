import { parse } from "node:path/posix";
import { BuildError, runBundler } from "./run_bundler.ts";

/** A source that browsers get as one self-contained file. */
export interface Entry {
  /** Name of the bundle, such as `client.js`. */
  readonly name: string;
  /** Path of the source below the root; no two entries share its last part. */
  readonly source: string;
  /** For a plain script tag; a module unless told. */
  readonly isScript?: boolean;
  /** Where browsers load it later, by `import()`: the import of this path is left as it is. */
  readonly loadedAs?: string;
}

/** The minified code or style of one entry. */
export interface Bundle {
  readonly name: string;
  readonly body: string;
}

/**
 * Each of the `entries` below the folder `root` as one minified file, in their order.
 * @throws {BuildError} naming the source and the place that is wrong.
 */
export async function bundleEntries(root: string, entries: readonly Entry[]): Promise<Bundle[]> {
  await assertSources(root, entries);
  const external = entries.flatMap(({ loadedAs }) => loadedAs ? [loadedAs] : []);
  const bodies = new Map<string, string>();
  // What is left out of the others cannot be bundled beside them.
  const [later, first] = [entries.filter(isLoadedLater), entries.filter((e) => !isLoadedLater(e))];
  await bundle(first, external);
  if (later.length > 0) await bundle(later, []);
  return entries.map(({ name, source }) => {
    const body = bodies.get(parse(source).name);
    if (body === undefined) throw new BuildError(`${source} gave no bundle`);
    return { name, body };
  });

  async function bundle(group: Entry[], external: string[]) {
    const files = await runBundler({
      entrypoints: group.map(({ source }) => `${root}/${source}`),
      outputDir: `${root}/dist`,
      // The bundler takes a path from the root for one from the working directory.
      external: external.map((path) => path.replace(/^\./, "*")),
      minify: true,
    });
    for (const file of files) bodies.set(parse(file.path).name, file.text());
  }
}

const isLoadedLater = ({ loadedAs }: Entry) => loadedAs !== undefined;

async function assertSources(root: string, entries: readonly Entry[]): Promise<void> {
  for (const { name, source } of entries) {
    const isThere = await Deno.stat(`${root}/${source}`).then((info) => info.isFile, () => false);
    if (!isThere) throw new BuildError(`${source} is missing, and ${name} is made from it`);
  }
}
