import { createHash } from "node:crypto";

/**
 * One hash over the names and bodies of all files in `paths` (files, and folders with all they hold)
 * below `root`. A path where nothing is counts as an empty folder.
 */
export async function hashSources(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(Deno.version.deno);
  for (const path of paths) {
    for (const file of await listFiles(root, path)) {
      hash.update(`\0${file}\0`).update(await Deno.readFile(`${root}/${file}`));
    }
  }
  return hash.digest("base64url");
}

async function listFiles(root: string, path: string): Promise<string[]> {
  const info = await Deno.stat(`${root}/${path}`).catch(() => null);
  if (info?.isFile) return [path];
  if (!info?.isDirectory) return [];
  const names = (await Array.fromAsync(Deno.readDir(`${root}/${path}`))).map(({ name }) => name);
  const lists = await Promise.all(names.sort().map((name) => listFiles(root, `${path}/${name}`)));
  return lists.flat();
}
