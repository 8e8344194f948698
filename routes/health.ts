import { Hono } from "hono";
import type { Signalling } from "../lib/signalling/signalling.ts";

/** `GET /healthz`: 200 while the store answers within its bound, else 503. */
export function serveHealth(signalling: Signalling) {
  return new Hono().get("/healthz", async (c) => {
    const healthy = await signalling.isHealthy();
    c.header("Cache-Control", "no-store");
    return c.json({ store: healthy ? "reachable" : "unreachable" }, healthy ? 200 : 503);
  });
}
