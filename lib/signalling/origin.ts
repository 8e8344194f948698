import type { Origins } from "./settings.ts";

/** Whether `origin` (RFC 6454 serialisation) is among those that are allowed. */
export function isAllowed(origins: Origins, origin: string): boolean {
  return origins === "*" || origins.includes(origin);
}
