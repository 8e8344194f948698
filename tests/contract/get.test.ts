import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import type { Invitation } from "../../lib/protocol/wire.ts";
import { shareServer, startServer } from "./harness.ts";
import {
  ask,
  assertProblem,
  BROWSER,
  drain,
  giveBack,
  lease,
  type Link,
  openLink,
  PROGRAM,
  type Reply,
} from "./joiner.ts";
import { BEYOND_HTML, OPAQUE } from "./opaque.ts";
import { readElements, readFields, readPolicy, readWords } from "./page.ts";
import { Primary, startSession } from "./primary.ts";

const TARGET = "https://app.example/room?a=1&b=2&amp=3&lt#top";
const server = shareServer({ TARGET_ORIGINS: "https://app.example" });

function openPage(link: Link, headers: HeadersInit = {}): Promise<Reply> {
  return openLink(link, { accept: BROWSER, ...headers });
}

/** One link for each thing that GET may say. */
async function openEachState(headers: Record<string, string>) {
  await using session = await startSession(server(), { offers: ["only"] });
  await using ended = await startSession(server());
  await ended.primary.send({ type: "end" });
  await ended.primary.closed();
  return {
    200: await openLink(session, headers),
    404: await openLink({ server: server(), id: makeId() }, headers),
    410: await openLink(ended, headers),
    503: await openLink(session, headers),
  };
}

Deno.test("GET by a browser renders the session id and one of the offers as hidden fields", async () => {
  await using session = await startSession(server());
  const reply = await openPage(session);
  assertEquals(reply.status, 200);
  assertMatch(reply.headers.get("content-type")!, /^text\/html; ?charset=utf-8$/i);
  const fields = readFields(reply.text);
  assertEquals(fields.sessionId, session.id);
  assert(session.offers.includes(fields.offer), fields.offer);
  await session.primary.status(4, 1);
});

Deno.test("GET keeps the seed's own session id and offers to the letter", async () => {
  await using session = await startSession(server(), {
    sessionId: "hxvytzhsdsodo12398867",
    offers: ["sdp1"],
  });
  const { text } = await openPage(session);
  assertMatch(text, /<input\b[^>]*>/);
  const inputs = readElements(text).filter(({ name }) => name === "input");
  const find = (name: string) => inputs.find(({ attributes }) => attributes.name === name);
  assertEquals(find("sessionId")?.attributes, {
    type: "hidden",
    name: "sessionId",
    value: "hxvytzhsdsodo12398867",
  });
  assertEquals(find("offer")?.attributes, { type: "hidden", name: "offer", value: "sdp1" });
});

Deno.test("GET spells hidden fields as <input type name value>, for readers without a parser", async () => {
  await using session = await startSession(server(), { offers: ["sdp1"] });
  const { text } = await openPage(session);
  assertMatch(text, /<input type="hidden" name="offer" value="sdp1" ?\/?>/);
  assertMatch(text, new RegExp(`<input type="hidden" name="sessionId" value="${session.id}" ?/?>`));
});

Deno.test("GET has one field of each name", async () => {
  await using session = await startSession(server(), { offers: [OPAQUE[3]], target: TARGET });
  const { text } = await openPage(session);
  const names = readElements(text).filter(({ name }) => name === "input")
    .map(({ attributes }) => attributes.name);
  assertEquals(names.length, new Set(names).size, names.join());
});

Deno.test("GET renders every opaque offer so that a browser reads it back unchanged", async () => {
  await using session = await startSession(server(), { offers: OPAQUE });
  const read: string[] = [];
  for (let i = 0; i < OPAQUE.length; i++) {
    const reply = await openPage(session);
    assertEquals(reply.status, 200);
    read.push(readFields(reply.text).offer);
  }
  assertEquals(read.toSorted(), OPAQUE.toSorted());
});

Deno.test("GET as JSON hands out every opaque offer unchanged", async () => {
  await using session = await startSession(server(), { offers: OPAQUE });
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), OPAQUE.toSorted());
});

Deno.test("GET never changes an offer that no page can spell: it is refused at deposit, or exact wherever it shows", async () => {
  for (const offer of BEYOND_HTML) {
    const link = { server: server(), id: makeId() };
    await using primary = new Primary(server(), link.id);
    await primary.deposit({ sessionId: link.id, offers: [offer] });
    if (await primary.verdict() === "error") continue;
    const { leaseExpiresAt, offer: told } = await lease(link);
    assertEquals(told, offer);
    await giveBack(link, { offer, leaseExpiresAt });
    const { offer: shown = offer } = readFields((await openPage(link)).text);
    assertEquals(shown, offer, `${JSON.stringify(offer)} shows as ${JSON.stringify(shown)}`);
  }
});

Deno.test("GET never takes two offers for one because UTF-8 spells them alike", async () => {
  const id = makeId();
  await using primary = new Primary(server(), id);
  await primary.deposit({ sessionId: id, offers: BEYOND_HTML });
  if (await primary.verdict() === "error") return;
  const leases = await drain({ server: server(), id });
  assertEquals(leases.map(({ offer }) => offer).toSorted(), BEYOND_HTML.toSorted());
});

Deno.test("GET tells a target as a hidden field and in JSON, where there is one", async () => {
  await using session = await startSession(server(), { target: TARGET });
  assertEquals(readFields((await openPage(session)).text).target, TARGET);
  assertEquals(JSON.parse((await openLink(session)).text).target, TARGET);

  await using without = await startSession(server());
  assertEquals("target" in readFields((await openPage(without)).text), false);
  assertEquals(JSON.parse((await openLink(without)).text).target, null);
});

Deno.test("GET gives the page's own client the end of its lease and the ICE servers", async () => {
  await using session = await startSession(server());
  const fields = readFields((await openPage(session)).text);
  assert(Number(fields.leaseExpiresAt) > Date.now(), fields.leaseExpiresAt);
  assertEquals(JSON.parse(fields.iceServers), []);
});

Deno.test("GET as JSON gives sessionId, offer, leaseExpiresAt, target and iceServers", async () => {
  await using session = await startSession(server());
  const before = Date.now();
  const reply = await openLink(session);
  const after = Date.now();
  assertMatch(reply.headers.get("content-type")!, /^application\/json\b/);
  const invitation = JSON.parse(reply.text) as Invitation;
  assertEquals(Object.keys(invitation).toSorted(), [
    "iceServers",
    "leaseExpiresAt",
    "offer",
    "sessionId",
    "target",
  ]);
  assertEquals(invitation.sessionId, session.id);
  assert(session.offers.includes(invitation.offer!));
  assertEquals(invitation.iceServers, []);
  const seconds = 30_000;
  assert(invitation.leaseExpiresAt! >= before + seconds, "the lease is shorter than 30 s");
  assert(invitation.leaseExpiresAt! <= after + seconds, "the lease is longer than 30 s");
});

Deno.test("GET hands each joiner another offer, and the last one 503", async () => {
  await using session = await startSession(server());
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), session.offers.toSorted());
});

Deno.test("GET takes offers in random order", async () => {
  const offers = Array.from({ length: 16 }, (_, i) => `offer ${i}`);
  const firsts = new Set<string>();
  for (let i = 0; i < 10; i++) {
    await using session = await startSession(server(), { offers });
    firsts.add((await lease(session)).offer);
  }
  // Ten equal draws out of sixteen happen once in 10^10 runs.
  assert(firsts.size > 1, `always ${[...firsts]}`);
});

Deno.test("GET says 404 where there is no such session", async () => {
  assertProblem(await openLink({ server: server(), id: makeId() }), "no-such-session");
});

Deno.test("GET says 404 for what cannot be a session id", async () => {
  for (
    const id of ["short", "x".repeat(19), "x".repeat(65), "x".repeat(20) + ".", "%20".repeat(20)]
  ) {
    assertEquals((await openLink({ server: server(), id })).status, 404, id);
  }
});

Deno.test("GET takes session ids of 20 and of 64 characters", async () => {
  for (const sessionId of ["Az09_-" + makeId().slice(0, 14), "-_" + makeId(45) + "ab"]) {
    assertMatch(sessionId, /^.{20}$|^.{64}$/);
    await using session = await startSession(server(), { sessionId });
    assertEquals((await lease(session)).sessionId, sessionId);
  }
});

Deno.test("GET says 404 while a socket is open that has not declared anything yet", async () => {
  const id = makeId();
  await using primary = new Primary(server(), id);
  await primary.opened();
  assertProblem(await openLink({ server: server(), id }), "no-such-session");
});

Deno.test("GET says 410 once the session has ended", async () => {
  await using session = await startSession(server());
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  assertProblem(await openLink(session), "ended");
});

Deno.test("GET says 503 with Retry-After when no offer is free", async () => {
  await using session = await startSession(server(), { offers: ["only"] });
  await lease(session);
  const reply = await openLink(session);
  assertProblem(reply, "no-free-offer");
  assertMatch(reply.headers.get("retry-after") ?? "missing", /^[1-9]\d*$/);
  assertMatch((await openPage(session)).headers.get("retry-after") ?? "missing", /^[1-9]\d*$/);
});

Deno.test("GET tells a person in words what is wrong, and tries again by itself when no offer is free", async () => {
  const pages = await openEachState({ accept: BROWSER });
  const words = new Set<string>();
  for (const [status, page] of Object.entries(pages)) {
    assertEquals(page.status, Number(status));
    assertMatch(page.headers.get("content-type")!, /^text\/html\b/);
    assertMatch(readWords(page.text), /\w+ \w+ \w+/);
    words.add(readWords(page.text));
    const elements = readElements(page.text);
    assert(elements.some(({ name }) => name === "title"), `no title on ${status}`);
    assert(elements.some(({ attributes }) => attributes.lang), `no language on ${status}`);
  }
  assertEquals(words.size, 4, "two states say the same");

  const again = readElements(pages[503].text).some(({ name, attributes }) =>
    name === "script" || (name === "meta" && attributes["http-equiv"]?.toLowerCase() === "refresh")
  );
  assert(again || pages[503].headers.has("refresh"), "nothing on the page tries again");
  assertEquals("offer" in readFields(pages[503].text), false);
});

Deno.test("HEAD says what GET would, has no body and leases nothing", async () => {
  await using session = await startSession(server());
  for (const accept of [BROWSER, PROGRAM]) {
    for (let i = 0; i < 5; i++) {
      const head = await ask(`${server().origin}/${session.id}`, {
        method: "HEAD",
        headers: { accept },
      });
      assertEquals(head.status, 200);
      assertEquals(head.text, "");
      assertMatch(head.headers.get("cache-control") ?? "", /\bno-store\b/);
      assertMatch(
        head.headers.get("content-type") ?? "",
        accept === BROWSER ? /^text\/html\b/ : /^application\/json\b/,
      );
    }
  }
  assertEquals((await drain(session)).length, 4);

  const url = `${server().origin}/${makeId()}`;
  assertEquals((await ask(url, { method: "HEAD" })).status, 404);
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  const head = await ask(`${server().origin}/${session.id}`, { method: "HEAD" });
  assertEquals(head.status, 410);
});

Deno.test("GET for a prefetch leases nothing", async () => {
  await using session = await startSession(server());
  for (const purpose of ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"]) {
    const page = await openPage(session, { "sec-purpose": purpose });
    assertEquals(page.status, 200);
    assertEquals("offer" in readFields(page.text), false);
    assertEquals(readFields(page.text).sessionId, session.id);

    const reply = await openLink(session, { "sec-purpose": purpose });
    assertEquals(reply.status, 200);
    const { offer, leaseExpiresAt } = JSON.parse(reply.text);
    assertEquals({ offer, leaseExpiresAt }, { offer: null, leaseExpiresAt: null });
  }
  assertEquals((await drain(session)).length, 4);
});

Deno.test("GET for a prefetch still says 404 and 410", async () => {
  const headers = { "sec-purpose": "prefetch" };
  assertProblem(await openLink({ server: server(), id: makeId() }, headers), "no-such-session");
  await using session = await startSession(server());
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  assertProblem(await openLink(session, headers), "ended");
});

Deno.test("GET is never stored, sends no referrer and is not indexed, whatever it says", async () => {
  for (const accept of [BROWSER, PROGRAM]) {
    for (const [status, { headers }] of Object.entries(await openEachState({ accept }))) {
      const what = `${status} as ${accept}`;
      assertMatch(headers.get("cache-control") ?? "", /\bno-store\b/, what);
      assertEquals(headers.get("referrer-policy"), "no-referrer", what);
      assertMatch(headers.get("x-robots-tag") ?? "", /\bnoindex\b/, what);
      assertEquals(headers.get("set-cookie"), null, what);
    }
  }
});

Deno.test("GET has a strict Content-Security-Policy: only what carries the nonce runs", async () => {
  for (
    const [status, { headers, text }] of Object.entries(await openEachState({ accept: BROWSER }))
  ) {
    const policy = readPolicy(headers);
    const what = `${status}: ${headers.get("content-security-policy")}`;
    const from = (name: string) => policy[name] ?? policy["default-src"] ?? [];
    const nonces = from("script-src").flatMap((s) => s.match(/^'nonce-(.+)'$/)?.[1] ?? []);
    assertEquals(nonces.length, 1, what);
    // 128 bits or more (CSP level 3 section 7.1).
    assertMatch(nonces[0], /^[A-Za-z0-9+/_-]{22,}={0,2}$/, what);
    for (const loose of ["'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:", "data:"]) {
      assertEquals(from("script-src").includes(loose), false, what);
      assertEquals(from("object-src").includes(loose), false, what);
    }
    assertEquals(from("style-src").includes("'unsafe-inline'"), false, what);
    assertEquals(from("object-src").filter((s) => s !== "'self'"), ["'none'"], what);
    assert(["'none'", "'self'"].includes(policy["base-uri"]?.join(" ")), what);

    for (const { name, attributes } of readElements(text)) {
      if (name === "script") assertEquals(attributes.nonce, nonces[0], `${what}: a bare script`);
      if (name === "style" && attributes.nonce !== undefined) {
        assertEquals(attributes.nonce, nonces[0], what);
      }
      const handlers = Object.keys(attributes).filter((a) => a.startsWith("on"));
      assertEquals(handlers, [], `${what}: <${name}> has a handler that the policy stops`);
      assertEquals(attributes.style, undefined, `${what}: <${name}> has a style it will not get`);
    }
  }
});

Deno.test("GET makes a new nonce each time", async () => {
  await using session = await startSession(server());
  const nonces = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const { headers } = await openPage(session);
    nonces.add(headers.get("content-security-policy")!.match(/'nonce-[^']+'/)![0]);
  }
  assertEquals(nonces.size, 4);
});

Deno.test("GET runs nothing that an offer or a target brings along", async () => {
  await using plain = await startSession(server(), { offers: ["sdp1"], target: TARGET });
  await using evil = await startSession(server(), {
    offers: [OPAQUE[3]],
    target: `${TARGET}</script><script>x</script>`,
  });
  const count = async (link: Link) =>
    readElements((await openPage(link)).text).filter(({ name }) => name === "script").length;
  assertEquals(await count(evil), await count(plain));
});

Deno.test("GET gives what the Accept header likes best", async () => {
  const json = [
    "application/json",
    "APPLICATION/JSON",
    "application/json; charset=utf-8",
    "application/json, text/plain, */*",
    "application/json, text/html;q=0.9",
    "text/html;q=0.3, application/json;q=0.9",
    "text/html;q=0.3,application/json",
    "text/html;q=0, application/json",
  ];
  const html = [
    BROWSER,
    "text/html",
    "text/html, application/json;q=0.9",
    "application/json;q=0.1, text/html",
    "application/json; q=0.8, text/html; q=0.9",
    "application/json;q=0, text/html",
  ];
  await using session = await startSession(server(), {
    offers: Array.from({ length: 16 }, (_, i) => `offer ${i}`),
  });
  const missing = { server: server(), id: makeId() };
  for (const accept of [...json, ...html]) {
    const like = json.includes(accept)
      ? { answer: /^application\/json\b/, error: /^application\/problem\+json\b/ }
      : { answer: /^text\/html\b/, error: /^text\/html\b/ };
    const reply = await openLink(session, { accept });
    assertMatch(reply.headers.get("content-type")!, like.answer, accept);
    const error = await openLink(missing, { accept });
    assertEquals(error.status, 404, accept);
    assertMatch(error.headers.get("content-type")!, like.error, accept);
  }
});

Deno.test("GET reports errors as problem+json to whoever asks for that, or does not ask for a page", async () => {
  const missing = { server: server(), id: makeId() };
  for (const accept of ["application/problem+json", "*/*"]) {
    assertProblem(await openLink(missing, { accept }), "no-such-session");
  }
});

Deno.test("GET leases for as long as LEASE_SECONDS says", async () => {
  const hasty = await startServer({ LEASE_SECONDS: "7" });
  try {
    await using session = await startSession(hasty);
    const before = Date.now();
    const { leaseExpiresAt } = await lease(session);
    assert(leaseExpiresAt >= before + 7_000 && leaseExpiresAt <= Date.now() + 7_000);
  } finally {
    await hasty.stop();
  }
});

Deno.test("Any other method than GET, HEAD and POST gets a 405 that names what is allowed", async () => {
  await using session = await startSession(server());
  for (const method of ["PUT", "DELETE", "PATCH"]) {
    const reply = await ask(`${server().origin}/${session.id}`, {
      method,
      headers: { accept: PROGRAM },
    });
    assertProblem(reply, "method-not-allowed");
    const allowed = (reply.headers.get("allow") ?? "").split(/\s*,\s*/);
    for (const name of ["GET", "HEAD", "POST"]) {
      assert(allowed.includes(name), `${name}: ${allowed}`);
    }
    assertNotEquals(allowed.includes(method), true);
  }
  assertEquals((await drain(session)).length, 4);
});
