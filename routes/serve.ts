/**
 * Foyer for `deno serve -A --parallel routes/serve.ts`: an isolate for each core, all on one database. Where it
 * listens is said by Deno's own `--host` and `--port`.
 */
import { openFoyer } from "../main.ts";

const { kv, app } = await openFoyer();
const inFlight = new Set<Promise<Response>>();
let stopped: Promise<void> | undefined;

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.addSignalListener(signal, () => stopped ??= stop());
}

/** Deno stops the listener by itself, and ends the process when every isolate has let go. */
async function stop() {
  Deno.unrefTimer(setTimeout(() => Deno.exit(0), 4_500));
  await app.close();
  await Promise.allSettled(inFlight);
  kv.close();
}

export default {
  async fetch(request: Request, info: Deno.ServeHandlerInfo): Promise<Response> {
    const response = Promise.resolve(app.fetch(request, info));
    inFlight.add(response);
    return await response.finally(() => inFlight.delete(response));
  },
};
