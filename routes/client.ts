/** The browser's files: the client by its name for everyone, and all of them by their content. */
import { Hono } from "hono";
import { assets } from "../dist/assets.ts";
import { addressOf } from "../lib/build/asset.ts";
import { chooseEncoding } from "./encoding.ts";

const YEAR = 31_536_000;

/** `/assets/<name>-<hash>.<ext>`, `/client.js` and `/client.global.js`, all readable cross-origin. */
export function serveClient() {
  const app = new Hono();
  for (const asset of Object.values(assets)) {
    const encodings = {
      br: Uint8Array.fromBase64(asset.br),
      gzip: Uint8Array.fromBase64(asset.gzip),
    };
    const serve = (cacheControl: string) => (request: Request) => {
      const headers = new Headers({
        "Content-Type": asset.type,
        "Cache-Control": cacheControl,
        "ETag": `"${asset.hash}"`,
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
      });
      // A cache may have weakened the tag, or have added the encoding's name to it.
      if (request.headers.get("If-None-Match")?.includes(asset.hash)) {
        return new Response(null, { status: 304, headers });
      }
      const encoding = chooseEncoding(request.headers.get("Accept-Encoding"), ["br", "gzip"]);
      if (!encoding) return new Response(asset.body, { headers });
      headers.set("Content-Encoding", encoding);
      return new Response(encodings[encoding], { headers });
    };
    const forever = serve(`public, max-age=${YEAR}, immutable`);
    app.get(addressOf(asset), (c) => forever(c.req.raw));
    if (asset.name.startsWith("client.")) {
      const revalidated = serve("public, max-age=300, stale-while-revalidate=86400");
      app.get(`/${asset.name}`, (c) => {
        // `?v=<hash>` names the content as well as the long address does.
        return (c.req.query("v") === asset.hash ? forever : revalidated)(c.req.raw);
      });
    }
  }
  return app;
}
