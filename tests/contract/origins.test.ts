import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { type Server, shareServer, within } from "./harness.ts";
import {
  answerLease,
  ask,
  assertProblem,
  BROWSER,
  lease,
  openLink,
  post,
  PROGRAM,
  type Reply,
} from "./joiner.ts";
import { Primary, startSession } from "./primary.ts";

const OURS = "https://app.example";
const THEIRS = [
  "https://other.example",
  "http://app.example",
  "https://app.example:8443",
  "https://app.example.other.example",
  "https://xapp.example",
  "null",
];
const open = shareServer();
const narrow = shareServer({ ALLOWED_ORIGINS: OURS, TARGET_ORIGINS: OURS });
const several = shareServer({
  ALLOWED_ORIGINS: `${OURS},https://second.example`,
  TARGET_ORIGINS: `${OURS},https://second.example:8443`,
});

function preflight(server: Server, id: string, origin: string): Promise<Reply> {
  return ask(`${server.origin}/${id}`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  });
}

/** The status of a WebSocket handshake (RFC 6455 section 4), which a WebSocket does not tell. */
async function upgrade(server: Server, id: string, origin: string | null): Promise<number> {
  const { hostname, port } = new URL(server.origin);
  using socket = await Deno.connect({ hostname, port: Number(port) });
  const lines = [
    `GET /${id} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...(origin === null ? [] : [`Origin: ${origin}`]),
  ];
  await socket.write(new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n"));
  const buffer = new Uint8Array(1_024);
  const read = await within("the handshake's answer", socket.read(buffer));
  if (read === null) throw new Error("the server closed without an answer");
  return Number(new TextDecoder().decode(buffer.subarray(0, read)).split(" ")[1]);
}

function assertShared({ headers }: Reply, origin: string, what?: string): void {
  const allowed = headers.get("access-control-allow-origin");
  assert(allowed === "*" || allowed === origin, `${what}: ${allowed}`);
  assertEquals(headers.get("access-control-allow-credentials"), null, what);
}

function assertNotShared({ headers }: Reply, what?: string): void {
  const names = [...headers.keys()].filter((name) => name.startsWith("access-control-"));
  assertEquals(names, [], what);
}

Deno.test("JSON GET and POST work from any origin, without credentials", async () => {
  await using session = await startSession(open());
  const invited = await openLink(session, { origin: OURS });
  assertShared(invited, OURS);
  const { offer } = JSON.parse(invited.text);
  const body = { sessionId: session.id, offer, answer: "x" };
  for (const type of ["application/json", "text/plain"]) {
    const reply = await post(session, body, type, { origin: OURS });
    assertEquals(reply.status, 202);
    assertShared(reply, OURS, type);
  }
});

Deno.test("Errors can be read from any origin, too", async () => {
  await using session = await startSession(open(), { offers: ["only"] });
  await lease(session);
  const missing = { server: open(), id: makeId() };
  const headers = { origin: OURS };
  const body = { sessionId: session.id, offer: "never made", answer: "x" };
  const errors = {
    404: await openLink(missing, headers),
    503: await openLink(session, headers),
    409: await post(session, body, "application/json", headers),
    400: await post(session, "not JSON", "application/json", headers),
    413: await post(session, "x".repeat(1_000_000), "application/json", headers),
    415: await post(session, body, "text/html", headers),
  };
  for (const [status, reply] of Object.entries(errors)) {
    assertEquals(reply.status, Number(status));
    assertShared(reply, OURS, status);
  }
});

Deno.test("A preflight allows POST of JSON from any origin, for any session", async () => {
  await using session = await startSession(open());
  for (const id of [session.id, makeId()]) {
    const reply = await preflight(open(), id, OURS);
    assert(reply.status === 204 || reply.status === 200, `${reply.status}`);
    assertShared(reply, OURS);
    assertMatch(reply.headers.get("access-control-allow-methods") ?? "", /\bPOST\b/);
    assertMatch(reply.headers.get("access-control-allow-headers") ?? "", /\bcontent-type\b/i);
  }
  await session.primary.status(4, 0);
});

Deno.test("Any origin may be a primary's unless ALLOWED_ORIGINS is set", async () => {
  for (const origin of [OURS, ...THEIRS, null]) {
    assertEquals(await upgrade(open(), makeId(), origin), 101, `${origin}`);
  }
});

Deno.test("ALLOWED_ORIGINS refuses an Origin outside it at the upgrade with 403", async () => {
  for (const origin of THEIRS) {
    assertEquals(await upgrade(narrow(), makeId(), origin), 403, origin);
  }
  assertEquals(await upgrade(narrow(), makeId(), OURS), 101);
});

Deno.test("ALLOWED_ORIGINS leaves clients alone that send no Origin", async () => {
  assertEquals(await upgrade(narrow(), makeId(), null), 101);
});

Deno.test("ALLOWED_ORIGINS gives an Origin outside it no CORS headers", async () => {
  await using session = await startSession(narrow());
  const mine = await lease(session);
  for (const origin of THEIRS) {
    const headers = { origin };
    assertNotShared(await openLink({ server: narrow(), id: makeId() }, headers), origin);
    assertNotShared(await preflight(narrow(), session.id, origin), origin);
    assertNotShared(await post(session, "not JSON", "text/plain", headers), origin);
  }
  assertNotShared(await openLink(session, { origin: THEIRS[0] }));
  assertEquals((await answerLease(session, mine, "x")).status, 202);
});

Deno.test("ALLOWED_ORIGINS shares with an Origin in it, and tells caches that it depends", async () => {
  await using session = await startSession(narrow());
  const reply = await openLink(session, { origin: OURS });
  assertEquals(reply.status, 200);
  assertEquals(reply.headers.get("access-control-allow-origin"), OURS);
  assertMatch(reply.headers.get("vary") ?? "", /\borigin\b/i);
  assertEquals(
    (await preflight(narrow(), session.id, OURS)).headers.get("access-control-allow-origin"),
    OURS,
  );
});

Deno.test("ALLOWED_ORIGINS may list several origins, divided by commas", async () => {
  await using session = await startSession(several());
  for (const origin of [OURS, "https://second.example"]) {
    assertEquals(await upgrade(several(), makeId(), origin), 101);
    const { headers } = await openLink(session, { origin });
    assertEquals(headers.get("access-control-allow-origin"), origin);
  }
  assertEquals(await upgrade(several(), makeId(), "https://other.example"), 403);
});

Deno.test("A page is served to a person whatever ALLOWED_ORIGINS says", async () => {
  await using session = await startSession(narrow());
  const reply = await openLink(session, { accept: BROWSER });
  assertEquals(reply.status, 200);
  assertNotShared(reply);
});

Deno.test("A target in TARGET_ORIGINS is taken", async () => {
  for (
    const [server, target] of [
      [narrow(), `${OURS}/`],
      [narrow(), OURS],
      [narrow(), `${OURS}/room?x=1#y`],
      [narrow(), `${OURS}:443/room`],
      [several(), `${OURS}/room`],
      [several(), "https://second.example:8443/room"],
    ] as const
  ) {
    await using session = await startSession(server, { target });
    const reply = await openLink(session, { accept: PROGRAM });
    assertEquals(new URL(JSON.parse(reply.text).target).href, new URL(target).href);
  }
});

Deno.test("A target outside TARGET_ORIGINS is refused at deposit, and no session is made", async () => {
  for (
    const target of [
      "https://other.example/",
      "http://app.example/",
      "https://app.example:8443/",
      "https://app.example.other.example/",
      "https://app.example@other.example/",
      "https://other.example/https://app.example/",
      "https://other.example\\@app.example/",
      "//app.example/",
      "javascript://app.example/%0aalert(1)",
    ]
  ) {
    const id = makeId();
    await using primary = new Primary(narrow(), id);
    await primary.deposit({ sessionId: id, offers: ["x"], target });
    assertEquals(await primary.verdict(), "error", target);
    assertProblem(await openLink({ server: narrow(), id }), "no-such-session");
  }
});

Deno.test("A target outside TARGET_ORIGINS is refused on a return as well", async () => {
  await using session = await startSession(narrow(), { target: `${OURS}/room` });
  await using back = new Primary(narrow(), session.id);
  const target = "https://other.example/";
  await back.deposit({ sessionId: session.id, offers: ["x"], key: session.key, target });
  assertEquals(await back.verdict(), "error");
  const reply = await openLink(session, { accept: PROGRAM });
  assertEquals(JSON.parse(reply.text).target, `${OURS}/room`);
});

Deno.test("A target outside TARGET_ORIGINS never reaches a joiner by a refill", async () => {
  await using session = await startSession(narrow(), { target: `${OURS}/room` });
  for (const target of ["https://other.example/", "javascript:alert(1)"]) {
    await session.primary.deposit({ sessionId: session.id, offers: [`to ${target}`], target });
  }
  await session.primary.send("fence");
  await session.primary.next("error", ({ detail }) => /JSON/.test(detail));
  for (const { text } of [await openLink(session), await openLink(session)]) {
    assertEquals(JSON.parse(text).target, `${OURS}/room`);
  }
});

Deno.test("A person whose primary named a refused target can still be let in without one", async () => {
  const id = makeId();
  await using primary = new Primary(narrow(), id);
  await primary.deposit({ sessionId: id, offers: ["x"], target: "https://other.example/" });
  await primary.next("error");
  await primary.deposit({ sessionId: id, offers: ["x"] });
  await primary.next("welcome");
  assertEquals((await lease({ server: narrow(), id })).offer, "x");
});
