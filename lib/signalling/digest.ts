import { hash, timingSafeEqual } from "node:crypto";

/** SHA-256 (FIPS 180-4) of `text` as 43 characters of base64url. */
export function digest(text: string): string {
  return hash("sha256", text, "base64url");
}

/** Whether `text` has this digest, in a time that does not depend on where they differ. */
export function hasDigest(text: string, expected: string): boolean {
  const [a, b] = [digest(text), expected].map((value) => new TextEncoder().encode(value));
  return a.length === b.length && timingSafeEqual(a, b);
}
