import type { Context, MiddlewareHandler } from "hono";
import { isAllowed } from "../lib/signalling/origin.ts";
import type { Origins } from "../lib/signalling/settings.ts";

/** Whether a request may come from where it says. One that no page sent has no Origin, and may. */
export function mayCall(c: Context, origins: Origins): boolean {
  const origin = c.req.header("Origin");
  return !origin || isAllowed(origins, origin);
}

/** Cross-origin reading without credentials (Fetch standard, CORS protocol), for allowed origins. */
export function shareWith(origins: Origins): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("Origin");
    await next();
    if (origins !== "*") c.header("Vary", "Origin", { append: true });
    if (origins !== "*" && !(origin && isAllowed(origins, origin))) return;
    c.header("Access-Control-Allow-Origin", origins === "*" ? "*" : origin);
    c.header("Access-Control-Expose-Headers", "Retry-After");
    if (c.req.method !== "OPTIONS") return;
    c.header("Access-Control-Allow-Methods", "GET, HEAD, POST");
    c.header("Access-Control-Allow-Headers", "Content-Type, Accept");
    c.header("Access-Control-Max-Age", "86400");
  };
}
