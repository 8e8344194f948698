/** All ways in, as one fetch handler. Another program mounts Foyer by this function. */
import { Hono } from "hono";
import { trimTrailingSlash } from "hono/trailing-slash";
import { DEFAULTS, type Settings } from "../lib/signalling/settings.ts";
import { createSignalling } from "../lib/signalling/signalling.ts";
import { serveCheck } from "./check.tsx";
import { serveClient } from "./client.ts";
import { serveHealth } from "./health.ts";
import { serveHome } from "./home.tsx";
import { holdTo } from "./limit.ts";
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
  app.onError((error, c) => answerError(error, c.req.raw));
  app.notFound((c) => answerProblem(c.req.raw, "not-found", "There is no page at this address."));
  app.route("/", serveHealth(signalling));
  app.route("/", serveClient());
  const limit = holdTo(signalling);
  app.route("/", serveHome(all, limit));
  app.route("/", serveCheck(limit));
  const session = serveSession(signalling);
  app.all("/:sessionId", (c) => session.answer(c.req.raw, c.env, c.req.param("sessionId")));
  return {
    fetch(request, info) {
      // A Host header can be anything, and the address that it makes none.
      if (!URL.canParse(request.url)) {
        return answerProblem(request, "invalid", "Host: this is not the name of a server.");
      }
      // Where everybody comes, and at once: a router and its context would be half of what a join costs.
      return session.tryAnswer(request, info) ?? app.fetch(request, info);
    },
    close: () => signalling.close(),
  };
}
