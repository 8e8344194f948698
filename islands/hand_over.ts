import { readField } from "./read_field.ts";

/**
 * Leaves for `target` with this page's session and offer in the fragment: a connection made here
 * would not survive the way. A fragment that `target` has already travels along as `fragment`.
 */
export function handOver(target: string): void {
  const url = new URL(target);
  const expiry = readField("leaseExpiresAt");
  const pass = {
    link: location.origin + location.pathname + location.hash,
    sessionId: readField("sessionId"),
    offer: readField("offer"),
    leaseExpiresAt: expiry && Number(expiry),
    iceServers: JSON.parse(readField("iceServers") ?? "[]"),
    ...(url.hash && { fragment: url.hash }),
  };
  url.hash = `foyer=${encodeURIComponent(JSON.stringify(pass))}`;
  location.replace(url);
}
