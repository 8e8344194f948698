/** Gives a file this text: not touched where it has it already, and never seen half written. */
export async function replaceText(path: string, text: string): Promise<void> {
  if (text === await readText(path)) return;
  const draft = `${path}.${Deno.pid}`;
  await Deno.writeTextFile(draft, text);
  await Deno.rename(draft, path);
}

/** The text of a file, or null where there is none. */
export function readText(path: string): Promise<string | null> {
  return Deno.readTextFile(path).catch(() => null);
}
