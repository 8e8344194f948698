import { assertEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import type { Settings } from "../../lib/signalling/settings.ts";
import { createApp } from "../../routes/app.ts";

/** The real app on a real KV and a real port. */
async function openApp(settings: Partial<Settings>) {
  const kv = await Deno.openKv(":memory:");
  const app = createApp({ kv, settings });
  const onListen = () => {};
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, app.fetch);
  return {
    port: server.addr.port,
    origin: `http://127.0.0.1:${server.addr.port}`,
    fetch: app.fetch,
    async [Symbol.asyncDispose]() {
      await app.close();
      await server.shutdown();
      kv.close();
    },
  };
}

Deno.test("a request over the limit can be read by a page of another origin", async () => {
  await using app = await openApp({ limitPerMinute: 1 });
  const ask = () =>
    fetch(`${app.origin}/${makeId(15)}`, { headers: { origin: "https://a.example" } });
  const statuses = [];
  for (let i = 0; i < 2; i++) {
    const response = await ask();
    await response.body?.cancel();
    statuses.push(response.status);
    assertEquals(response.headers.get("access-control-allow-origin"), "*");
  }
  assertEquals(statuses, [404, 429]);
});

Deno.test("of many that ask too much at a time each is told so", async () => {
  await using app = await openApp({ limitPerMinute: 1 });
  const ask = async (path: string) => {
    const response = await fetch(`${app.origin}${path}`);
    return [response.status, (await response.json()).code, response.headers.has("retry-after")];
  };
  await ask(`/${makeId(15)}`);
  const paths = Array.from({ length: 40 }, (_, i) => i % 2 ? "/" : `/${makeId(15)}`);
  for (const told of await Promise.all(paths.map(ask))) {
    assertEquals(told, [429, "too-many", true]);
  }
});

/** What a hundred requests for sessions of nobody are told that come at the same moment. */
async function askAtOnce(app: { fetch(request: Request): Response | Promise<Response> }, {
  method,
  makeBody = () => undefined,
}: { method: string; makeBody?: (id: string) => string | undefined }) {
  const headers = { accept: "application/json" };
  const replies = await Promise.all(Array.from({ length: 100 }, () => {
    const id = makeId(15);
    const init = { method, headers, body: makeBody(id) };
    return app.fetch(new Request(`http://foyer.example/${id}`, init));
  }));
  for (const reply of replies) {
    await reply.body?.cancel();
    if (reply.status === 503) assertEquals(reply.headers.get("retry-after"), "1");
  }
  return Object.groupBy(replies.map(({ status }) => status), String);
}

Deno.test("of many that look for made-up sessions at a time, those beyond sixty-four are told to come back", async () => {
  for (const method of ["GET", "HEAD"]) {
    await using app = await openApp({});
    const told = await askAtOnce(app, { method });
    assertEquals([told[404]?.length, told[503]?.length], [65, 35], method);
  }
});

Deno.test("of many that answer at a time, or give an offer back, nobody is told to come back", async () => {
  for (const answer of ["an answer", null]) {
    await using app = await openApp({});
    const makeBody = (sessionId: string) =>
      JSON.stringify({ sessionId, offer: "an offer", answer, leaseExpiresAt: 1 });
    const told = await askAtOnce(app, { method: "POST", makeBody });
    assertEquals(told[404]?.length, 100);
  }
});

Deno.test("an id that is none can be read as such by a page of another origin", async () => {
  await using app = await openApp({});
  const response = await fetch(`${app.origin}/short`, { headers: { origin: "https://a.example" } });
  assertEquals((await response.json()).code, "no-such-session");
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
});

Deno.test("a link with a slash at its end is the link without it", async () => {
  await using app = await openApp({});
  const id = makeId(15);
  const response = await fetch(`${app.origin}/${id}/`, { redirect: "manual" });
  await response.body?.cancel();
  assertEquals(response.status, 301);
  assertEquals(new URL(response.headers.get("location")!).pathname, `/${id}`);
});

Deno.test("a Host header of the client's choice does not allow a target", async () => {
  await using app = await openApp({ targetOrigins: ["https://good.example"] });
  const id = makeId(15);
  using connection = await Deno.connect({ port: app.port });
  const deposit = JSON.stringify({
    sessionId: id,
    connections: [{ offer: "an offer", answer: null }],
    target: "http://evil.example/",
  });
  const lines = [
    `GET /${id} HTTP/1.1`,
    "Host: evil.example",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  await connection.write(new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"));
  await connection.write(makeFrame(deposit));
  let text = "";
  const bytes = new Uint8Array(4_096);
  while (!text.includes("target:")) {
    const count = await connection.read(bytes);
    if (count === null) break;
    text += new TextDecoder().decode(bytes.subarray(0, count));
  }
  assertEquals(/"code":"forbidden"/.test(text), true);
  const response = await fetch(`${app.origin}/${id}`);
  await response.body?.cancel();
  assertEquals(response.status, 404);
});

/** A masked text frame (RFC 6455 section 5.2) with a mask of zeros. */
function makeFrame(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const head = [0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0];
  return Uint8Array.from([...head, ...payload]);
}

Deno.test("of many returns with the right key at once, the one that stays open gets the answers", async () => {
  await using app = await openApp({ iceServers: [] });
  const id = makeId(15);
  const key = makeId();
  const open = async () => {
    const socket = new WebSocket(`${app.origin.replace("http", "ws")}/${id}`);
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    const answers = new Promise<string>((resolve) => {
      socket.onmessage = ({ data }) => data.includes('"answers"') && resolve(data);
    });
    await new Promise((resolve) => socket.onopen = resolve);
    const connections = [{ offer: "the offer", answer: null }];
    socket.send(JSON.stringify({ sessionId: id, key, connections }));
    return { socket, closed, answers };
  };
  const sockets = await Promise.all(Array.from({ length: 8 }, open));
  await Promise.race(
    sockets.map((_, i) =>
      Promise.all(sockets.filter((_, j) => j !== i).map(({ closed }) => closed))
    ),
  );
  const last = sockets.find(({ socket }) => socket.readyState === WebSocket.OPEN)!;
  const headers = { accept: "application/json" };
  const { offer } = await (await fetch(`${app.origin}/${id}`, { headers })).json();
  const body = JSON.stringify({ sessionId: id, offer, answer: "the answer" });
  const posted = await fetch(`${app.origin}/${id}`, { method: "POST", body });
  assertEquals((await posted.json()).primary, "here");
  assertEquals(JSON.parse(await last.answers).connections[0].answer, "the answer");
  last.socket.close();
  await last.closed;
});

Deno.test("a Host header that names no server is said to be wrong", async () => {
  await using app = await openApp({});
  for (const path of ["/", "/healthz", `/${makeId(15)}`]) {
    using connection = await Deno.connect({ port: app.port });
    const lines = [`GET ${path} HTTP/1.1`, "Host: [::1", "Connection: close", "", ""];
    await connection.write(new TextEncoder().encode(lines.join("\r\n")));
    const answer = await new Response(connection.readable).text();
    assertEquals(answer.split("\r\n")[0], "HTTP/1.1 400 Bad Request");
  }
});
