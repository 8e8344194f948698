import { Hono } from "hono";
import type { Signalling } from "../lib/signalling/signalling.ts";

/**
 * `GET /healthz`: 200 while the store answers within its bound, else 503. `GET /metrics`: the counters of
 * this isolate.
 */
export function serveHealth(signalling: Signalling) {
  const app = new Hono();
  app.get("/metrics", (c) => {
    c.header("Cache-Control", "no-store");
    return c.text(signalling.metrics());
  });
  return app.get("/healthz", async (c) => {
    const healthy = await signalling.isHealthy();
    c.header("Cache-Control", "no-store");
    // The connection check of a page on another origin asks here first.
    c.header("Access-Control-Allow-Origin", "*");
    return c.json({ store: healthy ? "reachable" : "unreachable" }, healthy ? 200 : 503);
  });
}
