/** All ways in, as one fetch handler. Another program mounts Foyer by this function. */
import { Hono } from "hono";
import { trimTrailingSlash } from "hono/trailing-slash";
import { DEFAULTS, type Settings } from "../lib/signalling/settings.ts";
import { createSignalling } from "../lib/signalling/signalling.ts";
import { serveClient } from "./client.ts";
import { serveHealth } from "./health.ts";
import { serveHome } from "./home.tsx";
import { limitRequests } from "./limit.ts";
import { answerError, answerProblem } from "./problem.tsx";
import { serveSession } from "./session.tsx";

export { readAddress, readKvPath, readSettings } from "../lib/signalling/settings.ts";

export interface App {
  /** For `Deno.serve`, which passes `info`. */
  fetch(request: Request, info?: Deno.ServeHandlerInfo): Response | Promise<Response>;
  /** Tells the primaries to come back (1012) and lets go of the store; `kv` stays open. */
  close(): Promise<void>;
}

/**
 * Foyer on `kv`, which several apps may share. `settings` default to those of an empty environment,
 * `now` to the clock (milliseconds since the epoch).
 */
export function createApp(
  { kv, settings, now }: { kv: Deno.Kv; settings?: Partial<Settings>; now?: () => number },
): App {
  const all = { ...DEFAULTS, ...settings };
  const signalling = createSignalling({ kv, settings: all, now });
  const app = new Hono<{ Bindings: Deno.ServeHandlerInfo }>();
  app.use(trimTrailingSlash());
  app.onError(answerError);
  app.notFound((c) => answerProblem(c, "not-found", "There is no page at this address."));
  app.route("/", serveHealth(signalling));
  app.route("/", serveClient());
  const limit = limitRequests(all.limitPerMinute);
  app.route("/", serveHome(all, limit));
  app.route("/", serveSession(signalling, limit));
  return {
    fetch: (request, info) => app.fetch(request, info),
    close: () => signalling.close(),
  };
}
