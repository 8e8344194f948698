import { fileURLToPath } from "node:url";

/** A browser that is on this machine. */
export interface Program {
  /** Path of the program. */
  readonly path: string;
  /** What it needs in its environment. */
  readonly env: Record<string, string>;
}

/** Where `install.ts` unpacks the Chromium of npm. */
export const UNPACKED_CHROMIUM = fileURLToPath(new URL("../../.foyer/chromium", import.meta.url));

/** `$CHROMIUM`, else Debian's, else the one unpacked from npm; null where none is there. */
export async function findChromium(): Promise<Program | null> {
  const path = await findFile(Deno.env.get("CHROMIUM"), "/usr/bin/chromium");
  if (path) return { path, env: {} };
  const unpacked = await findFile(`${UNPACKED_CHROMIUM}/chromium`);
  if (!unpacked) return null;
  const libraries = [`${UNPACKED_CHROMIUM}/al2023/lib`, Deno.env.get("LD_LIBRARY_PATH")];
  return {
    path: unpacked,
    env: {
      LD_LIBRARY_PATH: libraries.filter(Boolean).join(":"),
      FONTCONFIG_PATH: `${UNPACKED_CHROMIUM}/fonts`,
    },
  };
}

/** `$FIREFOX`, else Debian's; null where none is there. */
export async function findFirefox(): Promise<Program | null> {
  const path = await findFile(Deno.env.get("FIREFOX"), "/usr/bin/firefox-esr", "/usr/bin/firefox");
  return path ? { path, env: {} } : null;
}

async function findFile(...paths: (string | undefined)[]): Promise<string | null> {
  for (const path of paths) {
    if (path && await Deno.stat(path).then((info) => info.isFile, () => false)) return path;
  }
  return null;
}
