import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { CLOSE, MAX_DESCRIPTION, MAX_OFFERS } from "../../lib/protocol/wire.ts";
import { layCable } from "./cable.ts";
import { shareServer, within } from "./harness.ts";
import { answer, assertProblem, drain, lease, openLink, untilAway, untilStatus } from "./joiner.ts";
import { OPAQUE } from "./opaque.ts";
import { comeBack, connect, Primary, startSession } from "./primary.ts";

const server = shareServer();
/** Here a lost socket ends its session after a second. */
const hasty = shareServer({ GRACE_SECONDS: "1" });

Deno.test("A first frame of the seed's shape makes the session", async () => {
  const id = "hxvytzhsdsodo12398867";
  await using primary = new Primary(server(), id);
  await primary.send(
    `{"sessionId":"${id}","connections":[{"offer":"sdp1","answer":null},{"offer":"sdp2","answer":null}]}`,
  );
  await primary.next("welcome");
  const leases = await drain({ server: server(), id });
  assertEquals(leases.map(({ offer }) => offer).toSorted(), ["sdp1", "sdp2"]);
});

Deno.test("The welcome tells the session id, the link, a key and the ICE servers", async () => {
  await using session = await startSession(server());
  const { type, sessionId, link, key, iceServers } = session.welcome;
  assertEquals({ type, sessionId, iceServers }, {
    type: "welcome",
    sessionId: session.id,
    iceServers: [],
  });
  assertEquals(link, `${server().origin}/${session.id}`);
  // 128 bits or more in base64url.
  assertMatch(key, /^\S{22,}$/);
});

Deno.test("The server makes another key for each session", async () => {
  await using one = await startSession(server());
  await using other = await startSession(server());
  assertNotEquals(one.key, other.key);
});

Deno.test("The key is the client's own where it sent one", async () => {
  const key = makeId(32);
  await using session = await startSession(server(), { key });
  assertEquals(session.key, key);
  await using back = await comeBack({ ...session, key }, session.offers);
  await back.next("welcome");
});

Deno.test("The key is told to nobody but the primary", async () => {
  await using session = await startSession(server(), { key: `key-${makeId(32)}` });
  const page = await openLink(session, { accept: "text/html" });
  const json = await openLink(session);
  for (const { text, headers } of [page, json]) {
    assertEquals(text.includes(session.key), false);
    assertEquals(JSON.stringify([...headers]).includes(session.key), false);
  }
});

Deno.test("Later frames of the same shape add offers", async () => {
  await using session = await startSession(server(), { offers: ["one", "two"] });
  await session.primary.status(2, 0);
  await session.primary.deposit({ sessionId: session.id, offers: ["three", "four", "five"] });
  await session.primary.status(5, 0);
  const leases = await drain(session);
  assertEquals(
    leases.map(({ offer }) => offer).toSorted(),
    ["five", "four", "one", "three", "two"],
  );
});

Deno.test("Sixteen of the longest offers fit one frame, and their answers reach the primary", async () => {
  const offers = Array.from(
    { length: MAX_OFFERS },
    (_, i) => String.fromCharCode(0x61 + i) + "o".repeat(MAX_DESCRIPTION - 1),
  );
  await using session = await startSession(server(), { offers });
  const leases = await drain(session);
  assertEquals(leases.length, MAX_OFFERS);
  await session.primary.close();
  const text = "a".repeat(MAX_DESCRIPTION);
  const replies = await Promise.all(leases.map(({ offer }) => answer(session, offer, text)));
  assertEquals(new Set(replies.map(({ status }) => status)), new Set([202]));
  await using back = await comeBack(session, ["next"]);
  const answers = await back.answers(MAX_OFFERS);
  assertEquals(answers.map(({ offer }) => offer).toSorted(), offers);
});

Deno.test("Sixteen offers of two-byte characters fit one frame", async () => {
  const offers = Array.from(
    { length: MAX_OFFERS },
    (_, i) => String.fromCharCode(0x3b1 + i) + "ж".repeat(MAX_DESCRIPTION - 1),
  );
  await using session = await startSession(server(), { offers });
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), offers);
});

Deno.test("The status counts offers and those of them that are leased or answered", async () => {
  await using session = await startSession(server());
  await session.primary.status(4, 0);
  const { offer } = await lease(session);
  await session.primary.status(4, 1);
  await lease(session);
  await session.primary.status(4, 2);
  await answer(session, offer, "x");
  await session.primary.answers(1);
  await lease(session);
  await session.primary.status(4, 3);
});

Deno.test("The primary is asked for more offers when leases drain the pool, answered or not", async () => {
  await using session = await startSession(server());
  await drain(session);
  const { count } = await session.primary.next("want");
  assert(Number.isInteger(count) && count >= 1 && count <= MAX_OFFERS, `${count}`);
  const offers = Array.from({ length: count }, (_, i) => `refill ${i}`);
  await session.primary.deposit({ sessionId: session.id, offers });
  await session.primary.status(4 + count, 4);
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), offers.toSorted());
});

Deno.test("The primary is asked again when its refill is drained too", async () => {
  await using session = await startSession(server(), { offers: ["offer 0"] });
  for (let i = 1; i <= 5; i++) {
    await lease(session);
    await session.primary.next("want");
    await session.primary.deposit({ sessionId: session.id, offers: [`offer ${i}`] });
    await session.primary.status(i + 1, i);
  }
});

Deno.test("A primary that comes back to a drained pool is asked for more offers", async () => {
  await using session = await startSession(server());
  const leases = await drain(session);
  await session.primary.close();
  await using back = await comeBack(session, leases.map(({ offer }) => offer));
  await back.next("want");
});

Deno.test("An offer that is deposited twice is handed to one joiner", async () => {
  await using session = await startSession(server(), { offers: ["twin", "twin"] });
  await session.primary.deposit({ sessionId: session.id, offers: ["twin", "single"] });
  await session.primary.status(2, 0);
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), ["single", "twin"]);
});

Deno.test("A leased offer that is deposited again stays in one joiner's hands", async () => {
  await using session = await startSession(server(), { offers: ["twin"] });
  await lease(session);
  await session.primary.deposit({ sessionId: session.id, offers: ["twin", "fence"] });
  await session.primary.status(2, 1);
  assertEquals((await drain(session)).map(({ offer }) => offer), ["fence"]);
  assertEquals((await answer(session, "twin", "x")).status, 202);
});

Deno.test("An answered offer is never handed out again, even if it is deposited again", async () => {
  await using session = await startSession(server(), { offers: ["used"] });
  await lease(session);
  await answer(session, "used", "x");
  await session.primary.deposit({ sessionId: session.id, offers: ["used", "fence 1"] });
  assertEquals(await leaseWhenFree("fence 1"), ["fence 1"]);

  const [{ id }] = await session.primary.answers(1);
  await session.primary.send({ type: "received", ids: [id] });
  await session.primary.deposit({ sessionId: session.id, offers: ["used", "fence 2"] });
  assertEquals(await leaseWhenFree("fence 2"), ["fence 2"], "confirmed");

  await session.primary.close();
  await using back = await comeBack(session, ["used", "fence 3"]);
  await back.next("welcome");
  assertEquals(await leaseWhenFree("fence 3"), ["fence 3"], "declared on a return");

  async function leaseWhenFree(fence: string) {
    const offers: string[] = [];
    await within(
      `${fence} to be free`,
      (async () => {
        while (!offers.includes(fence)) {
          offers.push(...(await drain(session)).map(({ offer }) => offer));
        }
        offers.push(...(await drain(session)).map(({ offer }) => offer));
      })(),
    );
    return offers;
  }
});

Deno.test("Answers come with ids, one for each, while the primary is here", async () => {
  await using session = await startSession(server());
  const leases = await drain(session);
  await Promise.all(leases.map(({ offer }) => answer(session, offer, `to ${offer}`)));
  const answers = await session.primary.answers(4);
  assertEquals(new Set(answers.map(({ id }) => id)).size, 4);
  for (const { offer, answer } of answers) assertEquals(answer, `to ${offer}`);
});

Deno.test("Answers that come while the primary is away are delivered on its return", async () => {
  await using session = await startSession(server(), { offers: OPAQUE });
  const [first, ...others] = await drain(session);
  await session.primary.close();
  await answer(session, first.offer, "first");
  await untilAway(session, first.offer, "first");
  for (const { offer } of others) {
    const reply = await answer(session, offer, `to ${offer}`);
    assertEquals(JSON.parse(reply.text), { sessionId: session.id, primary: "away" });
  }
  await using back = await comeBack(session, ["next"]);
  const answers = await back.answers(OPAQUE.length);
  assertEquals(answers.map(({ offer }) => offer).toSorted(), OPAQUE.toSorted());
});

Deno.test("Unconfirmed answers are sent again after each return, by the same ids", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  const first = await session.primary.answers(1);
  await session.primary.close();
  for (let i = 0; i < 2; i++) {
    await using back = await comeBack(session, ["next"]);
    assertEquals(await back.answers(1), first);
  }
});

Deno.test("Confirmed answers are not sent again", async () => {
  await using session = await startSession(server());
  const [confirmed, open, late] = await drain(session);
  await answer(session, confirmed.offer, "confirmed");
  const [{ id }] = await session.primary.answers(1);
  await session.primary.send({ type: "received", ids: [id, "not-an-id-of-ours"] });
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(5, 4);
  await answer(session, open.offer, "open");
  await session.primary.answers(1);
  await session.primary.close();

  await using back = await comeBack(session, [late.offer, "fence"]);
  await back.next("welcome");
  await answer(session, late.offer, "late");
  const answers = await back.answers(2);
  assertEquals(answers.map(({ answer }) => answer).toSorted(), ["late", "open"]);
  const sent = back.frames.flatMap((f) => f.type === "answers" ? f.connections : []);
  assertEquals(sent.some((c) => c.id === id), false);
});

Deno.test("One primary cannot confirm another session's answers", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  const first = await session.primary.answers(1);
  await using other = await startSession(server());
  await other.primary.send({ type: "received", ids: [first[0].id] });
  await other.primary.deposit({ sessionId: other.id, offers: ["fence"] });
  await other.primary.status(5, 0);
  await session.primary.close();
  await using back = await comeBack(session, ["next"]);
  assertEquals(await back.answers(1), first);
});

Deno.test("A second socket with the right key replaces the first, which closes with 4001", async () => {
  await using session = await startSession(server());
  await using second = await comeBack(session, session.offers);
  const welcome = await second.next("welcome");
  assertEquals(welcome, session.welcome);
  assertEquals((await session.primary.closed()).code, 4001);

  const { offer } = await lease(session);
  await answer(session, offer, "x");
  assertEquals((await second.answers(1))[0].answer, "x");
});

Deno.test("Of five returns at once one socket remains, and it gets the answers", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  const backs = await Promise.all(
    Array.from({ length: 5 }, () => comeBack(session, session.offers)),
  );
  try {
    const closes = [session.primary, ...backs].map((back, i) =>
      back.closed().then(({ code }) => ({ i, code }))
    );
    const losers = await within("all but one to be replaced", firstOf(5, closes));
    assertEquals(losers.map(({ code }) => code), Array(5).fill(4001));
    const remains = backs.find((back) => back.isOpen);
    assert(remains, "no socket remains");
    await answer(session, offer, "x");
    assertEquals((await remains.answers(1))[0].answer, "x");
  } finally {
    for (const back of backs) await back.close();
  }
});

Deno.test("A wrong or missing key is refused with 4003 and changes nothing", async () => {
  await using session = await startSession(server());
  for (const key of [makeId(32), session.key.slice(0, -1) + "~", session.key + "x", undefined]) {
    await using thief = new Primary(server(), session.id);
    await thief.deposit({ sessionId: session.id, offers: ["thief's"], key });
    assertEquals((await thief.closed()).code, 4003);
    assertEquals(thief.frames.filter(({ type }) => type !== "error"), []);
  }
  assert(session.primary.isOpen);
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), session.offers.toSorted());
  await answer(session, leases[0].offer, "x");
  assertEquals((await session.primary.answers(1))[0].answer, "x");
});

Deno.test("A wrong or missing key is refused while the primary is away, too", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await session.primary.close();
  await answer(session, offer, "x");
  await untilAway(session, offer, "x");
  for (const key of [makeId(32), undefined]) {
    await using thief = new Primary(server(), session.id);
    await thief.deposit({ sessionId: session.id, offers: ["thief's"], key });
    assertEquals((await thief.closed()).code, 4003);
  }
  await using back = await comeBack(session, session.offers);
  assertEquals((await back.answers(1))[0].answer, "x");
});

Deno.test("Of ten clients that make the same session at once one becomes its primary", async () => {
  const sessionId = makeId();
  const clients = Array.from({ length: 10 }, () => new Primary(server(), sessionId));
  try {
    await Promise.all(clients.map((client) => client.opened()));
    await Promise.all(
      clients.map((client, i) =>
        client.deposit({ sessionId, offers: [`${i}a`, `${i}b`], key: makeId(32) })
      ),
    );
    const verdicts = await Promise.all(clients.map((client) => client.verdict()));
    const winner = verdicts.indexOf("welcome");
    const losers = clients.filter((_, i) => i !== winner);
    const codes = await Promise.all(losers.map(async (loser) => (await loser.closed()).code));
    assertEquals(codes, Array(9).fill(4003));
    const leases = await drain({ server: server(), id: sessionId });
    assertEquals(leases.map(({ offer }) => offer).toSorted(), [`${winner}a`, `${winner}b`]);
    await clients[winner].close();
  } finally {
    for (const client of clients) await client.close();
  }
});

Deno.test("On a return, free and leased offers that are not declared are dropped", async () => {
  await using session = await startSession(server());
  const [kept, dropped] = [await lease(session), await lease(session)];
  const free = session.offers.filter((o) => o !== kept.offer && o !== dropped.offer);
  await using back = await comeBack(session, [kept.offer, free[0], "new"]);
  await back.next("welcome");
  await back.status(3, 1);

  assertProblem(await answer(session, dropped.offer, "x"), "offer-unavailable");
  const leases = await drain(session);
  assertEquals(leases.map(({ offer }) => offer).toSorted(), [free[0], "new"].toSorted());
  assertEquals((await answer(session, kept.offer, "x")).status, 202);
  assertEquals((await back.answers(1))[0].offer, kept.offer);
});

Deno.test("On a return, answers to offers that are not declared any more are still delivered", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  await using back = await comeBack(session, ["new"]);
  assertEquals((await back.answers(1))[0], (await session.primary.answers(1))[0]);
});

Deno.test("Bad frames get an error frame in words, and the socket stays open", async () => {
  await using session = await startSession(server());
  const id = session.id;
  const bad: (string | Uint8Array<ArrayBuffer> | object)[] = [
    "",
    "not JSON",
    "null",
    "[]",
    "7",
    {},
    { type: "nonsense" },
    { type: "received" },
    { type: "received", ids: "x" },
    { type: "received", ids: [1] },
    { type: { toString: null, valueOf: null } },
    `{"type":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
    { sessionId: id, connections: [] },
    { sessionId: id, connections: connect(Array.from({ length: 17 }, (_, i) => `${i}`)) },
    { sessionId: id, connections: { offer: "x", answer: null } },
    { sessionId: id, connections: [{ offer: "x", answer: "y" }] },
    { sessionId: id, connections: [{ offer: "x" }] },
    { sessionId: id, connections: [{ offer: 1, answer: null }] },
    { sessionId: id, connections: [{ offer: "", answer: null }] },
    { sessionId: id, connections: connect(["x".repeat(MAX_DESCRIPTION + 1)]) },
    { sessionId: makeId(), connections: connect(["x"]) },
    { connections: connect(["x"]) },
    new TextEncoder().encode(JSON.stringify({ sessionId: id, connections: connect(["x"]) })),
  ];
  for (const frame of bad) {
    await session.primary.send(frame);
    const { code, detail } = await session.primary.next("error");
    assertMatch(code, /^[a-z-]+$/);
    assertMatch(detail, /\w+ \w+/);
  }
  assert(session.primary.isOpen);
  await session.primary.deposit({ sessionId: id, offers: ["good"] });
  await session.primary.status(5, 0);
  assertEquals((await drain(session)).length, 5);
});

Deno.test("A bad first frame gets an error frame; the next may be good", async () => {
  const id = makeId();
  await using primary = new Primary(server(), id);
  for (
    const frame of [
      "not JSON",
      { sessionId: id, connections: [] },
      { sessionId: makeId(), connections: connect(["x"]) },
      { type: "received", ids: [] },
      { sessionId: id, connections: connect(["x"]), key: 7 },
    ]
  ) {
    await primary.send(frame);
    await primary.next("error");
  }
  assertProblem(await openLink({ server: server(), id }), "no-such-session");
  await primary.deposit({ sessionId: id, offers: ["good"] });
  await primary.next("welcome");
  assertEquals((await lease({ server: server(), id })).offer, "good");
});

Deno.test("A flood of frames, or a huge one, ends at most its own socket", async () => {
  await using calm = await startSession(server());
  await using flooded = await startSession(server());
  for (let i = 0; i < 2_000; i++) await flooded.primary.send("not JSON").catch(() => {});
  await using huge = await startSession(server());
  await huge.primary.send("x".repeat(5_000_000));
  assertNotEquals(await huge.primary.verdict(), "welcome");
  const { offer } = await lease(calm);
  await answer(calm, offer, "x");
  assertEquals((await calm.primary.answers(1))[0].answer, "x");
});

Deno.test("A primary that sends long frames without end is cut with 4029, though each is well formed", async () => {
  await using session = await startSession(server());
  const offers = Array.from({ length: MAX_OFFERS }, (_, i) => `${i}`.padEnd(MAX_DESCRIPTION, "o"));
  const sessionId = makeId();
  let sent = 0;
  // One that is sent while the server closes would be answered by a reset, without a code.
  do await session.primary.deposit({ sessionId, offers }); while (
    ++sent < 40 && await session.primary.next("error").then(() => true, () => false)
  );
  assertEquals((await session.primary.closed()).code, CLOSE.flooding);
});

Deno.test("A primary may leave a thousand answers unconfirmed, and is cut with 4029 for more", async () => {
  await using session = await startSession(server(), { offers: ["the first"] });
  let joined = 0;
  const join = async () => {
    const { offer } = await lease(session);
    if ((await answer(session, offer, `to ${offer}`)).status === 202) joined++;
  };
  await join();
  for (let round = 0; joined <= 1_000; round++) {
    assert(session.primary.isOpen, `cut after ${joined} answers`);
    const offers = Array.from({ length: MAX_OFFERS }, (_, i) => `${round}.${i}`);
    await session.primary.deposit({ sessionId: session.id, offers });
    await session.primary.next("status", ({ offers }) => offers === 1 + MAX_OFFERS * (round + 1));
    await Promise.all(offers.map(join));
  }
  assertEquals((await session.primary.closed()).code, CLOSE.flooding);
});

Deno.test("Clients that go away in the middle of a request or a handshake harm nobody", async () => {
  await using session = await startSession(server());
  const { hostname, port, host } = new URL(server().origin);
  const path = `/${makeId()}`;
  const handshake = [
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`,
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ].join("");
  const beginnings = [
    "",
    "GET ",
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n{`,
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz`,
    handshake,
    // The beginning of a text frame of 126 characters.
    handshake + "\x01\x7e",
    // A frame without a mask, which no client may send (RFC 6455 section 5.1).
    handshake + "\x01\x02{}",
  ];
  for (let round = 0; round < 10; round++) {
    await Promise.all(beginnings.map(async (beginning) => {
      using socket = await Deno.connect({ hostname, port: Number(port) });
      await socket.write(new TextEncoder().encode(beginning));
    }));
  }
  const { offer } = await lease(session);
  await answer(session, offer, "x");
  assertEquals((await session.primary.answers(1))[0].answer, "x");
});

Deno.test("The primary's end ends the session at once, and its socket", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await session.primary.send({ type: "end" });
  assert([1000, CLOSE.ended].includes((await session.primary.closed()).code));
  assertProblem(await openLink(session), "ended");
  assertProblem(await answer(session, offer, "x"), "ended");
});

Deno.test("An ended session stays ended: not even its key brings it back", async () => {
  await using session = await startSession(server());
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  for (const key of [session.key, makeId(32), undefined]) {
    await using back = new Primary(server(), session.id);
    await back.deposit({ sessionId: session.id, offers: ["x"], key });
    await back.closed();
    assertEquals(back.frames.filter(({ type }) => type !== "error"), []);
  }
  assertProblem(await openLink(session), "ended");
});

Deno.test("A lost socket leaves the session open", async () => {
  await using session = await startSession(server());
  const { offer } = await lease(session);
  await session.primary.close();
  await answer(session, offer, "x");
  await untilAway(session, offer, "x");
  const leases = await drain(session);
  assertEquals(leases.length, 3);
});

Deno.test("A socket that is cut without a goodbye leaves the session open for its primary", async () => {
  await using cable = layCable(server());
  await using session = await startSession(cable.server);
  const { offer } = await lease({ server: server(), id: session.id });
  cable.cut();
  await session.primary.closed();
  await answer({ server: server(), id: session.id }, offer, "x");
  await untilAway({ server: server(), id: session.id }, offer, "x");
  await using back = await comeBack({ ...session, server: server() }, session.offers);
  assertEquals((await back.answers(1))[0].answer, "x");
});

Deno.test("A session whose primary does not come back ends after the grace", async () => {
  await using session = await startSession(hasty());
  const { offer } = await lease(session);
  await session.primary.close();
  await untilStatus(session, 410);
  assertProblem(await answer(session, offer, "x"), "ended");
  await using back = await comeBack(session, session.offers);
  await back.closed();
  assertEquals(back.frames.filter(({ type }) => type !== "error"), []);
});

Deno.test("The grace is over for a session whose primary came back, or whose old socket was replaced", async () => {
  await using returned = await startSession(hasty());
  await returned.primary.close();
  await using back = await comeBack(returned, returned.offers);
  await back.next("welcome");

  await using replaced = await startSession(hasty());
  await using second = await comeBack(replaced, replaced.offers);
  await second.next("welcome");
  await replaced.primary.closed();

  // Two graces that began later have passed, one after the other.
  for (let i = 0; i < 2; i++) {
    const other = await startSession(hasty());
    await other.primary.close();
    await untilStatus(other, 410);
  }
  assertEquals((await lease(returned)).sessionId, returned.id);
  assertEquals((await lease(replaced)).sessionId, replaced.id);
});

Deno.test("A target that is not http(s) is refused at deposit, and no session is made", async () => {
  for (
    const target of [
      "javascript:alert(1)",
      "JavaScript:alert(1)//https://app.example",
      "data:text/html,x",
      "ftp://app.example/",
      "file:///etc/passwd",
      "ws://app.example/",
      "//app.example/",
      "/room",
      "app.example",
      "https://",
      "",
    ]
  ) {
    const id = makeId();
    await using primary = new Primary(server(), id);
    await primary.deposit({ sessionId: id, offers: ["x"], target });
    assertEquals(await primary.verdict(), "error", target);
    assertProblem(await openLink({ server: server(), id }), "no-such-session");
  }
});

Deno.test("An upgrade at what cannot be a session id is refused", async () => {
  for (const path of ["short", "x".repeat(65), "x".repeat(20) + "."]) {
    await using primary = new Primary(server(), path);
    const opened = await primary.opened().then(() => true, () => false);
    assertEquals(opened, false, path);
  }
});

/** The first `count` of `promises` to be settled. */
function firstOf<T>(count: number, promises: Promise<T>[]): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const settled: T[] = [];
    for (const promise of promises) {
      promise.then((value) => settled.push(value) === count && resolve(settled), reject);
    }
  });
}
