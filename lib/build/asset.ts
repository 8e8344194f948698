/** One file for browsers, whole in memory: a server that holds it needs no file system. */
export interface Asset {
  /** File name, such as `client.js`. */
  readonly name: string;
  /** Value of `Content-Type`. */
  readonly type: string;
  /** Ten characters of base64url of the body's SHA-256: a new body has a new hash. */
  readonly hash: string;
  readonly body: string;
  /** `body` by gzip (RFC 1952), as base64. */
  readonly gzip: string;
  /** `body` by Brotli (RFC 7932), as base64. */
  readonly br: string;
}

/** The address that names `asset` by its content, and so may be cached for good. */
export function addressOf({ name, hash }: Asset): string {
  const dot = name.lastIndexOf(".");
  return `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
}
