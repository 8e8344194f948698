/** environment -> KV -> app -> Deno.serve; signals; nothing else. */
import { createApp, readAddress, readKvPath, readSettings } from "./routes/app.ts";

export { createApp, readAddress, readKvPath, readSettings };

if (import.meta.main) await start();

async function start() {
  const env = Deno.env.toObject();
  const { settings, address, kv } = await prepare(env).catch((error) => {
    console.error(`Foyer does not start: ${error.message}`);
    Deno.exit(1);
  });
  const app = createApp({ kv, settings });
  const server = Deno.serve({
    ...address,
    automaticCompression: true,
    onListen({ hostname, port }) {
      const shown = hostname === "0.0.0.0" ? "localhost" : hostname;
      console.log(`Foyer listens on http://${shown}:${port}/`);
    },
  }, app.fetch);

  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, stop);

  async function stop() {
    await app.close();
    await server.shutdown();
    kv.close();
    Deno.exit(0);
  }
}

async function prepare(env: Record<string, string>) {
  const settings = readSettings(env);
  const address = readAddress(env);
  return { settings, address, kv: await Deno.openKv(readKvPath(env)) };
}
