import type { MiddlewareHandler } from "hono";
import type { Fields } from "./cors.ts";
import { answerProblem } from "./problem.tsx";

const WINDOW = 60_000;
/** Beyond this many addresses the oldest window is forgotten: memory stays bounded. */
const MOST_ADDRESSES = 50_000;

/** Counts a request; returns in how many seconds its address may send the next, 0 where it may now. */
export type Limit = (info: Deno.ServeHandlerInfo | undefined) => number;

/** At most `most` requests of one address in a minute; 0: no limit. */
export function limitRequests(most: number): Limit {
  const windows = new Map<string, { since: number; count: number }>();
  return (info) => {
    if (most === 0) return 0;
    const remote = info?.remoteAddr;
    if (!remote || !("hostname" in remote)) return 0;
    const address = groupAddress(remote.hostname);
    const at = performance.now();
    let window = windows.get(address);
    if (!window || at - window.since >= WINDOW) {
      windows.delete(address);
      windows.set(address, window = { since: at, count: 0 });
      if (windows.size > MOST_ADDRESSES) windows.delete(windows.keys().next().value!);
    }
    if (++window.count <= most) return 0;
    return Math.max(1, Math.ceil((window.since + WINDOW - at) / 1_000));
  };
}

export function answerTooMany(request: Request, wait: number, fields: Fields = {}): Response {
  const retry = { ...fields, "Retry-After": String(wait) };
  return answerProblem(request, "too-many", `Try again in ${wait} seconds.`, retry);
}

/** `limit` before a route: the requests beyond it get 429. */
export function holdTo(limit: Limit): MiddlewareHandler<{ Bindings: Deno.ServeHandlerInfo }> {
  return async (c, next) => {
    const wait = limit(c.env);
    return wait === 0 ? await next() : answerTooMany(c.req.raw, wait);
  };
}

/** One IPv6 subscriber has a whole /64 (RFC 6177), so that counts as one address. */
function groupAddress(hostname: string): string {
  const mapped = hostname.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i);
  if (mapped) return mapped[1];
  if (!hostname.includes(":")) return hostname;
  const [head, tail] = hostname.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = tail ? Array(8 - head.length - tail.length).fill("0") : [];
  return [...head, ...zeros, ...(tail ?? [])].slice(0, 4).join(":");
}
