/**
 * The Foyer server of a client script: the origin it was loaded from, or that of the page where the
 * script has none (a file, an inline script).
 */
export function findServer(script: string | undefined): string {
  return script?.match(/^https?:..[^/]+/)?.[0] ?? location.origin;
}
