/** environment -> KV -> app -> Deno.serve; signals; nothing else. */
import { type App, createApp, readAddress, readKvPath, readSettings } from "./routes/app.ts";

export { createApp, readAddress, readKvPath, readSettings };

if (import.meta.main) await start();

async function start() {
  const env = Deno.env.toObject();
  const settings = attempt(() => readSettings(env), "");
  const address = attempt(() => readAddress(env), "");
  const path = attempt(() => readKvPath(env), "");
  const kv = await Deno.openKv(path).catch((error) => refuse(`DENO_KV_PATH: ${error.message}`));
  const app = createApp({ kv, settings });
  const server = attempt(
    () => listen(app, address),
    `HOST ${address.hostname}, PORT ${address.port}: `,
  );

  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.addSignalListener(signal, stop);

  async function stop() {
    // Whatever hangs then, its client comes back elsewhere: nothing accepted is only here.
    setTimeout(() => Deno.exit(0), 4_500);
    await app.close();
    await server.shutdown();
    kv.close();
    Deno.exit(0);
  }
}

function listen(app: App, address: { hostname: string; port: number }) {
  return Deno.serve({
    ...address,
    automaticCompression: true,
    onListen({ hostname, port }) {
      const shown = hostname === "0.0.0.0" ? "localhost" : hostname;
      console.log(`Foyer listens on http://${shown}:${port}/`);
    },
  }, app.fetch);
}

function attempt<T>(work: () => T, where: string): T {
  try {
    return work();
  } catch (error) {
    refuse(where + (error as Error).message);
  }
}

function refuse(why: string): never {
  console.error(`Foyer does not start. ${why}`);
  Deno.exit(1);
}
