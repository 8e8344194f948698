import type { MiddlewareHandler } from "hono";
import { answerProblem } from "./problem.tsx";

const WINDOW = 60_000;
/** Beyond this many addresses the oldest window is forgotten: memory stays bounded. */
const MOST_ADDRESSES = 50_000;

export type Limit = MiddlewareHandler<{ Bindings: Deno.ServeHandlerInfo }>;

/** At most `most` requests of one address in a minute; 0: no limit. The rest get 429. */
export function limitRequests(most: number): Limit {
  const windows = new Map<string, { since: number; count: number }>();
  return async (c, next) => {
    const remote = c.env?.remoteAddr;
    if (most === 0 || !remote || !("hostname" in remote)) return await next();
    const address = groupAddress(remote.hostname);
    const at = performance.now();
    let window = windows.get(address);
    if (!window || at - window.since >= WINDOW) {
      windows.delete(address);
      windows.set(address, window = { since: at, count: 0 });
      if (windows.size > MOST_ADDRESSES) windows.delete(windows.keys().next().value!);
    }
    if (++window.count <= most) return await next();
    const wait = Math.ceil((window.since + WINDOW - at) / 1_000);
    c.header("Retry-After", String(Math.max(1, wait)));
    return answerProblem(c, "too-many", `Try again in ${wait} seconds.`);
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
