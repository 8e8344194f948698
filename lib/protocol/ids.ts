/** Ids and keys: unguessable words that are safe in a path. */

/** 20 to 64 characters of `A-Z a-z 0-9 _ -`. */
export const SESSION_ID = /^[A-Za-z0-9_-]{20,64}$/;

/** `bytes` random bytes (16 = 128 bits unless told) as base64url without padding (RFC 4648 section 5). */
export function makeId(bytes = 16): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (c) => c === "+" ? "-" : c === "/" ? "_" : "",
  );
}
