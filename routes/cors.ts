import { isAllowed } from "../lib/signalling/origin.ts";
import type { Origins } from "../lib/signalling/settings.ts";

/** Header fields of a response, by their names. */
export type Fields = Record<string, string>;

const SHARED = { "Access-Control-Expose-Headers": "Retry-After" };
const SHARED_WITH_ALL = { "Access-Control-Allow-Origin": "*", ...SHARED };
const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, HEAD, POST",
  "Access-Control-Allow-Headers": "Content-Type, Accept",
  "Access-Control-Max-Age": "86400",
};

/** Whether a request may come from where it says. One that no page sent has no Origin, and may. */
export function mayCall(request: Request, origins: Origins): boolean {
  const origin = request.headers.get("Origin");
  return !origin || isAllowed(origins, origin);
}

/** Cross-origin reading without credentials (Fetch standard, CORS protocol), for allowed origins. */
export function shareWith(origins: Origins, request: Request): Fields {
  const more = request.method === "OPTIONS" ? PREFLIGHT : {};
  if (origins === "*") {
    return request.method === "OPTIONS" ? { ...SHARED_WITH_ALL, ...more } : SHARED_WITH_ALL;
  }
  const origin = request.headers.get("Origin");
  if (!origin || !isAllowed(origins, origin)) return { Vary: "Origin" };
  return { "Access-Control-Allow-Origin": origin, Vary: "Origin", ...SHARED, ...more };
}

/** `fields` of a response that depends also on the request's field `name` (RFC 9110 section 12.5.5). */
export function vary(fields: Fields, name: string): string {
  return fields.Vary ? `${name}, ${fields.Vary}` : name;
}
