import { type Server, type Settings, startServer } from "./harness.ts";

/** A server on a database file, and a way to crash it and start it again on the same file. */
export async function startOnFile(settings: Settings = {}) {
  const folder = await Deno.makeTempDir({ prefix: "foyer-restart-" });
  const start = () => startServer({ ...settings, DENO_KV_PATH: `${folder}/kv.sqlite` });
  let server: Server | undefined = await start().catch(async (cause) => {
    await Deno.remove(folder, { recursive: true });
    throw cause;
  });
  const replace = (end: (old: Server) => Promise<unknown>) => async () => {
    const old = server!;
    server = undefined;
    await end(old);
    server = await start();
    return server;
  };
  return {
    server,
    folder,
    crash: replace((old) => old.kill()),
    restart: replace((old) => old.stop()),
    [Symbol.asyncDispose]: async () => {
      await server?.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Every byte in `folder` as a character. */
export async function readDatabase(folder: string): Promise<string> {
  let bytes = "";
  for await (const { name } of Deno.readDir(folder)) {
    bytes += new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`));
  }
  return bytes;
}
