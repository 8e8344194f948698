/**
 * The Foyer server of a client script: the origin it was loaded from, or that of the page where the
 * script has none (a file, an inline script).
 */
export function findServer(script: string | undefined): string {
  const origin = URL.parse(script ?? "")?.origin ?? "null";
  return origin === "null" ? location.origin : origin;
}
