import { stripVTControlCharacters } from "node:util";

/** What is wrong with a source, in words for whoever wrote it. */
export class BuildError extends Error {
  override name = "BuildError";
}

/**
 * The ES modules and styles for browsers that Deno's bundler makes, in memory.
 * @throws {BuildError} naming the source and the place that is wrong.
 */
export async function runBundler(
  options: Deno.bundle.Options,
): Promise<Deno.bundle.OutputFile[]> {
  const result = await Deno.bundle({
    ...options,
    platform: "browser",
    format: "esm",
    write: false,
  });
  if (!result.success) throw new BuildError(result.errors.map(describeMessage).join("\n"));
  return result.outputFiles ?? [];
}

function describeMessage({ text, location }: Deno.bundle.Message): string {
  const words = stripVTControlCharacters(text);
  // Some messages of the bundler say their place themselves.
  if (!location?.file || /\bat file:/.test(words)) return words;
  return `${words}\n    at ${location.file}:${location.line}:${location.column! + 1}`;
}
