/** The server with a clock that is wrong by `SKEW` milliseconds. */
import { createApp, readAddress, readKvPath, readSettings } from "../../main.ts";

const env = Deno.env.toObject();
const app = createApp({
  kv: await Deno.openKv(readKvPath(env)),
  settings: readSettings(env),
  now: () => Date.now() + Number(env.SKEW),
});
Deno.serve({
  ...readAddress(env),
  onListen: ({ hostname, port }) => console.log(`Foyer listens on http://${hostname}:${port}/`),
}, app.fetch);
