/** environment -> KV -> app -> Deno.serve; signals; nothing else. */
import { type App, createApp, readAddress, readKvPath, readSettings } from "./routes/app.ts";

export { createApp, readAddress, readKvPath, readSettings };

if (import.meta.main) await start();

/** Foyer as the environment says; where that cannot be, the process ends with the reason. */
export async function openFoyer(): Promise<{ kv: Deno.Kv; app: App }> {
  const env = Deno.env.toObject();
  const settings = attempt(() => readSettings(env), "");
  const path = attempt(() => readKvPath(env), "");
  const kv = await Deno.openKv(path).catch((error) => refuse(`DENO_KV_PATH: ${error.message}`));
  return { kv, app: createApp({ kv, settings }) };
}

async function start() {
  const address = attempt(() => readAddress(Deno.env.toObject()), "");
  const { kv, app } = await openFoyer();
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
