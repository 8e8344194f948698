import type { MiddlewareHandler } from "hono";
import { findClient, groupAddress, type Proxies } from "../lib/signalling/address.ts";
import type { Signalling } from "../lib/signalling/signalling.ts";
import type { Fields } from "./cors.ts";
import { answerProblem } from "./problem.tsx";

/** Whom a request counts for; null where it did not come over a network. */
export function readAddress(
  request: Request,
  info: Deno.ServeHandlerInfo | undefined,
  proxies: Proxies,
): string | null {
  if (!info) return null;
  // A proxy may come by a Unix socket, which has no address.
  const remote = "hostname" in info.remoteAddr ? info.remoteAddr.hostname : "";
  const forwarded = proxies === 0 ? null : request.headers.get("X-Forwarded-For");
  return groupAddress(findClient(remote, forwarded, proxies)) || null;
}

export function answerTooMany(request: Request, wait: number, fields: Fields = {}): Response {
  const retry = { ...fields, "Retry-After": String(wait) };
  return answerProblem(request, "too-many", `Try again in ${wait} seconds.`, retry);
}

/** The limit of an address before a route: the requests beyond it get 429. */
export type Limit = MiddlewareHandler<{ Bindings: Deno.ServeHandlerInfo }>;

export function holdTo({ limits, refusals, settings }: Signalling): Limit {
  return async (c, next) => {
    const address = readAddress(c.req.raw, c.env, settings.trustedProxies);
    const wait = address === null ? 0 : limits.request(address, null);
    if (wait === 0) return await next();
    return await refusals.take(() => answerTooMany(c.req.raw, wait));
  };
}
