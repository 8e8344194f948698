/** The servers that Foyer is compared with, as npm installs them and Node runs them. */

/** Installed outside the clone, so that nothing of Foyer can come to rest on them. */
const PACKAGES = ["peer@1.0.2", "y-webrtc@10.3.0", "ws@8.21.1"];

/** The folder where they are; null, with a word to the console, where they cannot be had. */
export async function installRivals(): Promise<string | null> {
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const folder = `${caches}/foyer-bench`;
  const manifest = `${folder}/package.json`;
  const dependencies = Object.fromEntries(PACKAGES.map((name) => name.split("@")));
  const wanted = JSON.stringify({ private: true, dependencies });
  if (await Deno.readTextFile(`${folder}/installed`).catch(() => "") === wanted) return folder;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(manifest, wanted);
  const command = new Deno.Command("npm", {
    args: ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"],
    stdin: "null",
    stdout: "null",
  });
  const done = await command.output().catch(() => null);
  if (!done?.success) {
    console.log("Skipped: PeerJS and y-webrtc, because npm could not install them.");
    return null;
  }
  await Deno.writeTextFile(`${folder}/installed`, wanted);
  return folder;
}
