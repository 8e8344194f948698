import { toBase64Url } from "../../protocol/ids.ts";

/**
 * Proves who comes back under the id of a peer: only the holder of the session's `key` can make it, also
 * on a page that was loaded again. "" where the browser has no digest (a page that is not secure).
 */
export async function makeToken(key: string, peer: string): Promise<string> {
  const bytes = new TextEncoder().encode(`${peer} ${key}`);
  const hash = await crypto.subtle?.digest("SHA-256", bytes);
  return hash ? toBase64Url(new Uint8Array(hash)) : "";
}
