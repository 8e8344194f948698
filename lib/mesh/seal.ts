/**
 * Sealed descriptions: to whoever passes them on they are opaque strings, and one that was changed,
 * or put in the place of another, does not open.
 *
 *   "sealed." base64(12 bytes of nonce, AES-256-GCM of the text)    NIST SP 800-38D, RFC 4648
 *
 * `role` is the additional data: what the text is, and what it belongs to.
 */
import { FoyerError } from "./errors.ts";

const SEALED = "sealed.";
const NONCE = 12;

export type Key = Promise<CryptoKey> | undefined;

/**
 * The key of a link's `secret`: HKDF-SHA-256 (RFC 5869), salted with the session's id. None where the
 * secret is empty: then nothing is sealed.
 * @throws {FoyerError} `insecure` where the page has no WebCrypto.
 */
export function deriveKey(secret: string, sessionId: string): Key {
  if (!secret) return;
  const { subtle } = crypto;
  if (!subtle) {
    throw new FoyerError("insecure", "An encrypted link needs a page over https");
  }
  const [hkdf, aes] = ["HKDF", "AES-GCM"];
  return subtle.importKey("raw", encode(secret), hkdf, false, ["deriveKey"]).then((key) => {
    const way = { name: hkdf, hash: "SHA-256", salt: encode(sessionId), info: encode("foyer") };
    return subtle.deriveKey(way, key, { name: aes, length: 256 }, false, ["encrypt", "decrypt"]);
  });
}

/** `text` sealed; as it is where there is no key. */
export async function seal(key: Key, text: string, role: string): Promise<string> {
  if (!key) return text;
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = await crypto.subtle.encrypt(describe(nonce, role), await key, encode(text));
  return SEALED + btoa(String.fromCharCode(...nonce, ...new Uint8Array(sealed)));
}

/**
 * The text in `sealed`. With a key a plain text is refused: else whoever passes it on could put one
 * of its own in its place.
 * @throws {FoyerError} `incomplete-link`
 */
export async function unseal(key: Key, sealed: string, role: string): Promise<string> {
  if (!key && !sealed.startsWith(SEALED)) return sealed;
  try {
    const bytes = Uint8Array.from(atob(sealed.slice(SEALED.length)), (c) => c.charCodeAt(0));
    const way = describe(bytes.subarray(0, NONCE), role);
    const text = await crypto.subtle.decrypt(way, (await key)!, bytes.subarray(NONCE));
    return new TextDecoder().decode(text);
  } catch (cause) {
    throw new FoyerError("incomplete-link", "This is not the whole link; ask for it again", {
      cause,
    });
  }
}

function describe(iv: Uint8Array<ArrayBuffer>, role: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: encode(role) };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
