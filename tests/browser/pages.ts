type Content = string | (() => string);

/** Somebody else's web server: pages by their path, on an origin of their own. */
export function servePages(pages: Record<string, Content>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const content = pages[new URL(request.url).pathname];
    if (content === undefined) return new Response(null, { status: 404 });
    const body = typeof content === "string" ? content : content();
    return new Response(`<!doctype html><link rel="icon" href="data:,">${body}`, {
      headers: { "Content-Type": "text/html; charset=utf-8" },
    });
  });
  return { origin: `http://127.0.0.1:${server.addr.port}`, stop: () => server.shutdown() };
}
