import { createHash } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Asset } from "./asset.ts";
import type { Bundle } from "./bundle_entries.ts";

/** The bundle with its type, its hash and what compression makes of it. */
export function makeAsset({ name, body }: Bundle): Asset {
  return {
    name,
    type: name.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8",
    hash: createHash("sha256").update(body).digest("base64url").slice(0, 10),
    body,
    gzip: gzipSync(body, { level: 9 }).toString("base64"),
    br: brotliCompressSync(body).toString("base64"),
  };
}
