import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { MAX_DESCRIPTION } from "../../lib/protocol/wire.ts";
import { shareServer, startServer } from "./harness.ts";
import {
  answer,
  answerLease,
  ask,
  assertProblem,
  BROWSER,
  drain,
  lease,
  type Link,
  openLink,
  post,
  PROGRAM,
} from "./joiner.ts";
import { OPAQUE } from "./opaque.ts";
import { startSession } from "./primary.ts";

const server = shareServer();

/** A well-made answer to an offer that this link leased. */
async function leaseAndWrite(link: Link) {
  const { offer } = await lease(link);
  return { sessionId: link.id, offer, answer: "remote-sdp1" };
}

Deno.test("POST takes the seed's own body and brings the answer to the primary to the letter", async () => {
  await using session = await startSession(server(), {
    sessionId: "hxvytzhsdsodo12398867",
    offers: ["sdp1"],
  });
  await lease(session);
  const reply = await post(
    session,
    `{"sessionId":"hxvytzhsdsodo12398867","offer":"sdp1","answer":"remote-sdp1"}`,
  );
  assertEquals(reply.status, 202, reply.text);
  const { connections } = await session.primary.next("answers");
  assertEquals(connections.map(({ offer, answer }) => ({ offer, answer })), [
    { offer: "sdp1", answer: "remote-sdp1" },
  ]);
  assertMatch(connections[0].id, /./);
});

Deno.test("POST says by 202 which session took the answer and that its primary is here", async () => {
  await using session = await startSession(server());
  const reply = await post(session, await leaseAndWrite(session));
  assertEquals(reply.status, 202);
  assertMatch(reply.headers.get("content-type")!, /^application\/json\b/);
  assertEquals(JSON.parse(reply.text), { sessionId: session.id, primary: "here" });
  assertMatch(reply.headers.get("cache-control") ?? "", /\bno-store\b/);
});

Deno.test("POST takes the same body again", async () => {
  await using session = await startSession(server());
  const body = await leaseAndWrite(session);
  for (let i = 0; i < 3; i++) assertEquals((await post(session, body)).status, 202);
  await session.primary.answers(1);
  assertEquals((await post(session, body)).status, 202, "after it was delivered");
});

Deno.test("POST takes the same body again after the primary has confirmed the answer", async () => {
  await using session = await startSession(server());
  const body = await leaseAndWrite(session);
  await post(session, body);
  const [{ id }] = await session.primary.answers(1);
  await session.primary.send({ type: "received", ids: [id] });
  // The refill's status comes after the server has read "received".
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(5, 1);
  assertEquals((await post(session, body)).status, 202);
});

Deno.test("POST delivers every opaque answer bound to its opaque offer", async () => {
  await using session = await startSession(server(), { offers: OPAQUE });
  for (const { offer } of await drain(session)) {
    assertEquals((await answer(session, offer, `${offer}answer to ${offer}`)).status, 202);
  }
  const answers = await session.primary.answers(OPAQUE.length);
  assertEquals(answers.map(({ offer }) => offer).toSorted(), OPAQUE.toSorted());
  for (const { offer, answer } of answers) assertEquals(answer, `${offer}answer to ${offer}`);
});

Deno.test("POST never changes an answer that UTF-8 cannot spell: it is refused or exact", async () => {
  for (const text of ["\u0000", "a\ud800", "\udc00b"]) {
    await using session = await startSession(server());
    const { offer } = await lease(session);
    const reply = await answer(session, offer, text);
    if (reply.status === 400) continue;
    assertEquals(reply.status, 202, reply.text);
    assertEquals((await session.primary.answers(1))[0].answer, text);
  }
});

Deno.test("POST takes the longest answer to the longest offer", async () => {
  const offer = "o".repeat(MAX_DESCRIPTION);
  await using session = await startSession(server(), { offers: [offer] });
  await lease(session);
  const text = "a".repeat(MAX_DESCRIPTION);
  assertEquals((await answer(session, offer, text)).status, 202);
  const [connection] = await session.primary.answers(1);
  assertEquals([connection.offer, connection.answer], [offer, text]);
});

Deno.test("POST takes text/plain that is this JSON, so that an answer needs no preflight", async () => {
  for (const type of ["text/plain", "text/plain;charset=UTF-8", "TEXT/Plain; charset=utf-8"]) {
    await using session = await startSession(server());
    assertEquals((await post(session, await leaseAndWrite(session), type)).status, 202, type);
    assertEquals((await session.primary.answers(1))[0].answer, "remote-sdp1");
  }
});

Deno.test("POST takes application/json with parameters and in any case", async () => {
  for (const type of ["application/json; charset=utf-8", "Application/JSON"]) {
    await using session = await startSession(server());
    assertEquals((await post(session, await leaseAndWrite(session), type)).status, 202, type);
  }
});

Deno.test("POST says 415 to any other type, and to none", async () => {
  await using session = await startSession(server());
  const body = await leaseAndWrite(session);
  for (
    const type of [
      "text/html",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/octet-stream",
      "application/jsonp",
      "application/ld+json",
      "application/sdp",
      "text/plainer",
      "json",
    ]
  ) {
    assertProblem(await post(session, body, type), "unsupported-type");
  }
  const untyped = await ask(`${server().origin}/${session.id}`, {
    method: "POST",
    headers: { accept: PROGRAM },
    body: new TextEncoder().encode(JSON.stringify(body)),
  });
  assertProblem(untyped, "unsupported-type");
  assertEquals((await post(session, body)).status, 202, "the lease is as it was");
});

Deno.test("POST says 409 when somebody else has answered the offer", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  assertEquals((await answer(session, offer, "mine")).status, 202);
  assertProblem(await answer(session, offer, "theirs"), "offer-unavailable");
  assertEquals((await session.primary.answers(1))[0].answer, "mine");
});

Deno.test("POST says 409 when somebody else's answer has been delivered and confirmed", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await answer(session, offer, "mine");
  const [{ id }] = await session.primary.answers(1);
  await session.primary.send({ type: "received", ids: [id] });
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(5, 1);
  assertProblem(await answer(session, offer, "theirs"), "offer-unavailable");
});

Deno.test("POST binds one of twenty answers that come at once to one offer", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const texts = Array.from({ length: 20 }, (_, i) => `answer ${i}`);
  const replies = await Promise.all(texts.map((text) => answer(session, offer, text)));
  assertEquals(
    replies.map(({ status }) => status).toSorted(),
    [202, ...Array(19).fill(409)],
  );
  const winner = texts[replies.findIndex(({ status }) => status === 202)];
  assertEquals((await session.primary.answers(1))[0].answer, winner);
});

Deno.test("POST takes one body that comes twenty times at once, and delivers one answer", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const other = await lease(session);
  const replies = await Promise.all(Array.from({ length: 20 }, () => answer(session, offer, "x")));
  assertEquals(new Set(replies.map(({ status }) => status)), new Set([202]));
  await answer(session, other.offer, "y");
  const answers = await session.primary.answers(2);
  assertEquals(answers.map(({ answer }) => answer), ["x", "y"]);
});

Deno.test("POST says 409 to an offer that was never leased, and leaves it free", async () => {
  await using session = await startSession(server(), { offers: ["free"] });
  assertProblem(await answer(session, "free", "x"), "offer-unavailable");
  assertEquals((await lease(session)).offer, "free");
});

Deno.test("POST says 409 to an offer that the primary never made", async () => {
  await using session = await startSession(server());
  assertProblem(await answer(session, "somebody's", "x"), "offer-unavailable");
});

Deno.test("POST says 409 to an offer of another session", async () => {
  await using one = await startSession(server(), { offers: ["one's"] });
  await using other = await startSession(server(), { offers: ["other's"] });
  await lease(one);
  assertProblem(await answer(other, "one's", "x"), "offer-unavailable");
});

Deno.test("POST says 409 when leaseExpiresAt is not that of the lease", async () => {
  await using session = await startSession(server());
  const mine = await lease(session);
  assertProblem(
    await answerLease(session, { ...mine, leaseExpiresAt: mine.leaseExpiresAt - 1 }, "x"),
    "offer-unavailable",
  );
  assertEquals((await answerLease(session, mine, "x")).status, 202);
});

Deno.test("POST says 404 where there is no such session, and 410 where it has ended", async () => {
  const missing = { server: server(), id: makeId() };
  assertProblem(await answer(missing, "sdp1", "x"), "no-such-session");

  await using session = await startSession(server());
  const { offer } = await lease(session);
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  assertProblem(await answer(session, offer, "x"), "ended");
});

Deno.test("POST says 400 to what is not JSON", async () => {
  await using session = await startSession(server());
  for (const type of ["application/json", "text/plain"]) {
    for (const body of ["", " ", "sdp", "{", "{'a':1}", '{"a":1}{', "undefined", "<a>"]) {
      assertProblem(await post(session, body, type), "invalid");
    }
  }
});

Deno.test("POST says 400 to bytes that are not UTF-8", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const text = JSON.stringify({ sessionId: session.id, offer, answer: "?" });
  const bytes = new TextEncoder().encode(text);
  bytes[text.lastIndexOf("?")] = 0xff;
  const reply = await ask(`${server().origin}/${session.id}`, {
    method: "POST",
    headers: { accept: PROGRAM, "content-type": "application/json" },
    body: bytes,
  });
  assertProblem(reply, "invalid");
});

Deno.test("POST says 400 to a wrong shape, naming the field", async () => {
  await using session = await startSession(server());
  const good = await leaseAndWrite(session);
  const wrong: [body: unknown, names: RegExp][] = [
    [null, /./],
    [[], /./],
    [[good], /./],
    ["text", /./],
    [1, /./],
    [{}, /sessionId|offer|answer/],
    [{ ...good, sessionId: undefined }, /sessionId/],
    [{ ...good, sessionId: 1 }, /sessionId/],
    [{ ...good, offer: undefined }, /offer/],
    [{ ...good, offer: null }, /offer/],
    [{ ...good, offer: { sdp: "x" } }, /offer/],
    [{ ...good, answer: undefined }, /answer/],
    [{ ...good, answer: 7 }, /answer/],
    [{ ...good, answer: ["x"] }, /answer/],
    [{ ...good, answer: "" }, /answer/],
    [{ ...good, leaseExpiresAt: "soon" }, /leaseExpiresAt/],
  ];
  for (const [body, names] of wrong) {
    const { detail } = assertProblem(await post(session, JSON.stringify(body)), "invalid");
    assertMatch(detail, names);
  }
  assertEquals((await post(session, good)).status, 202, "the lease is as it was");
});

Deno.test("POST says 400 when the ids of address and body differ", async () => {
  await using one = await startSession(server());
  await using other = await startSession(server());
  const body = await leaseAndWrite(one);
  assertProblem(await post(other, body), "invalid");
  assertEquals((await post(one, body)).status, 202);
});

Deno.test("POST says 413 to what is too large, with its length told or not", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const large = { sessionId: session.id, offer, answer: "x".repeat(1_000_000) };
  assertProblem(await post(session, large), "too-large");

  const streamed = await ask(`${server().origin}/${session.id}`, {
    method: "POST",
    headers: { accept: PROGRAM, "content-type": "application/json" },
    body: new Blob([JSON.stringify(large)]).stream(),
  });
  assertProblem(streamed, "too-large");

  const longer = { ...large, answer: "x".repeat(MAX_DESCRIPTION + 1) };
  assertProblem(await post(session, longer), "too-large");
  assertEquals((await answer(session, offer, "x")).status, 202, "the lease is as it was");
});

Deno.test("POST shows errors as a page to a person", async () => {
  const missing = { server: server(), id: makeId() };
  const body = { sessionId: missing.id, offer: "sdp1", answer: "x" };
  const reply = await post(missing, body, "application/json", { accept: BROWSER });
  assertEquals(reply.status, 404);
  assertMatch(reply.headers.get("content-type")!, /^text\/html\b/);
  const program = await post(missing, body, "application/json", { accept: "*/*" });
  assertProblem(program, "no-such-session");
});

Deno.test("No input gets a 500", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const good = JSON.stringify({ sessionId: session.id, offer, answer: "x" });
  const bodies = [
    "[".repeat(60_000),
    '{"a":'.repeat(10_000),
    "1e999",
    '{"__proto__":{"sessionId":1},"constructor":null}',
    good.replace("}", ',"leaseExpiresAt":1e999}'),
    good.replace("}", ',"leaseExpiresAt":-0.5}'),
    good.replace("}", ',"toString":1,"hasOwnProperty":2,"then":3}'),
    "\ufeff" + good,
    "\u0000",
  ];
  for (
    const type of ["application/json", "text/plain", "application/json; charset=utf-16", ";", "/"]
  ) {
    for (const body of bodies) {
      const { status, text } = await post(session, body, type);
      assert(
        [202, 400, 409, 413, 415].includes(status),
        `${status} ${type} ${body.slice(0, 80)} ${text}`,
      );
    }
  }
  for (
    const path of [
      "%",
      "%00",
      "%ff",
      "%zz",
      "..%2f..",
      "//",
      "\\",
      session.id + "/",
      session.id + "%00",
      ".",
      "*",
      "%F0%9F%A6%8A".repeat(20),
      "a".repeat(5_000),
    ]
  ) {
    for (const method of ["GET", "HEAD", "POST", "OPTIONS", "DELETE"]) {
      const { status, text } = await ask(`${server().origin}/${path}`, {
        method,
        headers: { accept: PROGRAM, "content-type": "application/json" },
        body: method === "POST" ? good : undefined,
      });
      assert(status < 500, `${status} ${method} ${path} ${text}`);
    }
  }
  for (
    const accept of ["", ",", ";q=", "text/html;q=x", "a/b;q=1e9", "*", "é", "q=".repeat(2_000)]
  ) {
    const { status } = await openLink({ server: server(), id: makeId() }, {
      accept: encodeURI(accept),
    });
    assertEquals(status, 404, accept);
  }
});

Deno.test("Requests over LIMIT_PER_MINUTE get 429 with Retry-After", async () => {
  const limited = await startServer({ LIMIT_PER_MINUTE: "8" });
  try {
    const missing = { server: limited, id: makeId() };
    const replies = [];
    // Twice the limit and one fit no minute, and no two parts of minutes.
    for (let i = 0; i < 18; i++) {
      replies.push(
        await (i % 2
          ? answer(missing, "sdp1", "x")
          : openLink(missing, { origin: "https://app.example" })),
      );
    }
    for (const reply of replies.slice(0, 8)) assertProblem(reply, "no-such-session");
    const refused = replies.filter(({ status }) => status === 429);
    assert(refused.length > 0, replies.map(({ status }) => status).join());
    for (const reply of refused) {
      assertProblem(reply, "too-many");
      assertMatch(reply.headers.get("retry-after") ?? "missing", /^[1-9]\d*$/);
    }
  } finally {
    await limited.stop();
  }
});

Deno.test("The default LIMIT_PER_MINUTE lets a school behind one address in", async () => {
  const school = await startServer({ LIMIT_PER_MINUTE: undefined });
  try {
    const missing = { server: school, id: makeId() };
    for (let pupils = 0; pupils < 300; pupils += 50) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => openLink(missing)));
      assertEquals(new Set(replies.map(({ status }) => status)), new Set([404]));
    }
  } finally {
    await school.stop();
  }
});
