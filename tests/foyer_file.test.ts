/** Foyer as one file: away from this repository, run by itself and mounted by another program. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const root = new URL("../", import.meta.url);
const MOUNT = `
import { createApp } from "./foyer.js";
const kv = await Deno.openKv(":memory:");
const app = createApp({ kv, settings: { iceServers: [] } });
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request, info) =>
  new URL(request.url).pathname === "/mine" ? new Response("mine") : app.fetch(request, info));
const ask = (path) => fetch("http://127.0.0.1:" + server.addr.port + path).then((r) => r.text());
console.log(await ask("/mine"), await ask("/healthz"));
await app.close();
await server.shutdown();
kv.close();
`;

async function makeFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "foyer-file-" });
  await run(
    ["bundle", "--quiet", "--platform", "deno", "-o", `${folder}/foyer.js`, "main.ts"],
    root,
  );
  await Deno.writeTextFile(`${folder}/mount.js`, MOUNT);
  return folder;
}

async function run(args: string[], cwd: string | URL): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("foyer.js runs alone, with its pages, styles and client inside", async () => {
  const folder = await makeFolder();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-kv", "foyer.js"],
    cwd: folder,
    env: { HOST: "127.0.0.1", PORT: "0", DENO_KV_PATH: ":memory:" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
    await reader.cancel();
    const origin = text.match(/http:\/\/\S+(?=\/)/)![0];
    const page = await (await fetch(origin)).text();
    assertStringIncludes(page, "Start a session");
    for (const [, path] of page.matchAll(/="(\/assets\/[^"]+)"/g)) {
      const asset = await fetch(origin + path);
      assertEquals(asset.status, 200);
      assert((await asset.text()).length > 1_000);
    }
    assertStringIncludes(await (await fetch(`${origin}/client.global.js`)).text(), "Foyer");
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("another program mounts Foyer by createApp(), and keeps its own routes", async () => {
  const folder = await makeFolder();
  const words = await run(["run", "-A", "--unstable-kv", "mount.js"], folder);
  assertEquals(words, 'mine {"store":"reachable"}\n');
  await Deno.remove(folder, { recursive: true });
});
