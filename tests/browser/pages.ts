type Content = string | (() => string);

/** Somebody else's web server: pages by their path, on an origin of their own, with its `headers`. */
export function servePages(pages: Record<string, Content>, headers: Record<string, string> = {}) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const content = pages[new URL(request.url).pathname];
    if (content === undefined) return new Response(null, { status: 404 });
    const body = typeof content === "string" ? content : content();
    return new Response(`<!doctype html><link rel="icon" href="data:,">${body}`, {
      headers: { "Content-Type": "text/html; charset=utf-8", ...headers },
    });
  });
  return { origin: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

/** The same with the files of a `folder`, as any web server would have them. */
export function serveFolder(folder: string) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname.replace(/\/$/, "/index.html");
    const body = await Deno.readFile(folder + path).catch(() => null);
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
    return new Response(body, { status: body ? 200 : 404, headers: { "Content-Type": type } });
  });
  return { origin: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}
