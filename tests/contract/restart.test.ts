import { assert, assertEquals } from "@std/assert";
import { answer, answerLease, assertProblem, drain, lease, openLink, untilAway } from "./joiner.ts";
import { readDatabase, startOnFile } from "./on_file.ts";
import { comeBack, Primary, startSession } from "./primary.ts";

Deno.test("An answer that was accepted while the primary is away survives a crash", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server);
  const [first, second] = await drain(session);
  await session.primary.close();
  await answer(session, first.offer, "first");
  await untilAway(session, first.offer, "first");
  assertEquals((await answerLease(session, second, "second")).status, 202);

  const server = await machine.crash();
  await using back = await comeBack({ ...session, server }, ["next"]);
  const answers = await back.answers(2);
  assertEquals(
    answers.map(({ offer, answer }) => ({ offer, answer })).toSorted((a, b) =>
      a.answer < b.answer ? -1 : 1
    ),
    [
      { offer: first.offer, answer: "first" },
      { offer: second.offer, answer: "second" },
    ],
  );
});

Deno.test("An answer survives a crash right after its 202", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server);
  const { offer } = await lease(session);
  assertEquals((await answer(session, offer, "x")).status, 202);

  const server = await machine.crash();
  await using back = await comeBack({ ...session, server }, ["next"]);
  const [{ offer: to, answer: text }] = await back.answers(1);
  assertEquals([to, text], [offer, "x"]);
  assertEquals((await answer({ ...session, server }, offer, "x")).status, 202, "the same again");
  assertProblem(await answer({ ...session, server }, offer, "other"), "offer-unavailable");
});

Deno.test("An unfinished lease survives a crash: its offer goes to nobody else, its joiner answers", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server);
  const mine = await lease(session);

  const link = { id: session.id, server: await machine.crash() };
  const others = (await drain(link)).map(({ offer }) => offer);
  assertEquals([mine.offer, ...others].toSorted(), session.offers.toSorted());
  assertEquals((await answerLease(link, mine, "x")).status, 202);

  await using back = await comeBack({ ...session, ...link }, [mine.offer, ...others]);
  assertEquals((await back.answers(1))[0].answer, "x");
  await back.status(4, 4);
});

Deno.test("A lease that ends while the server is down is over when it is up", async () => {
  await using machine = await startOnFile({ LEASE_SECONDS: "1" });
  await using session = await startSession(machine.server, { offers: ["only"] });
  const mine = await lease(session);
  const link = { id: session.id, server: await machine.crash() };
  await using back = await comeBack({ ...session, ...link }, ["only"]);
  await back.status(1, 0);
  assertProblem(await answerLease(link, mine, "x"), "offer-unavailable");
  assertEquals((await lease(link)).offer, "only");
});

Deno.test("A confirmed answer is not sent again after a crash, nor its offer handed out", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server, { offers: ["used", "open"] });
  await drain(session);
  await answer(session, "used", "x");
  const [{ id }] = await session.primary.answers(1);
  await session.primary.send({ type: "received", ids: [id] });
  await session.primary.deposit({ sessionId: session.id, offers: ["fence"] });
  await session.primary.status(3, 2);

  const link = { id: session.id, server: await machine.crash() };
  await using back = await comeBack({ ...session, ...link }, ["used", "open", "fence"]);
  await back.next("welcome");
  assertEquals((await drain(link)).map(({ offer }) => offer), ["fence"]);
  await answer(link, "open", "y");
  assertEquals((await back.answers(1))[0].answer, "y");
});

Deno.test("The key still counts after a crash, and a wrong one is still refused", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server);
  const server = await machine.crash();
  await using thief = new Primary(server, session.id);
  await thief.deposit({ sessionId: session.id, offers: ["thief's"], key: "x".repeat(32) });
  assertEquals((await thief.closed()).code, 4003);
  await using back = await comeBack({ ...session, server }, session.offers);
  assertEquals((await back.next("welcome")).key, session.key);
});

Deno.test("The key is nowhere in the database, only what it hashes to", async () => {
  await using machine = await startOnFile();
  await using own = await startSession(machine.server, { key: `own-key-${"x".repeat(32)}` });
  await using made = await startSession(machine.server, { offers: ["to be found"] });
  await machine.crash();
  const bytes = await readDatabase(machine.folder);
  assert(bytes.includes("to be found"), "the database is read");
  for (const { key } of [own, made]) {
    assert(!bytes.includes(key), `${key} is kept`);
    assert(!bytes.includes([...key].join("\0")), `${key} is kept as UTF-16`);
  }
});

Deno.test("An ended session stays ended after a crash", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server);
  await session.primary.send({ type: "end" });
  await session.primary.closed();
  const server = await machine.crash();
  assertProblem(await openLink({ id: session.id, server }), "ended");
});

Deno.test("A session outlives a stop and a start of its server", async () => {
  await using machine = await startOnFile();
  await using session = await startSession(machine.server, { target: "https://app.example/" });
  const mine = await lease(session);
  const link = { id: session.id, server: await machine.restart() };
  const invitation = await lease(link);
  assertEquals((invitation as { target?: unknown }).target, "https://app.example/");
  await using back = await comeBack({ ...session, ...link }, session.offers);
  await back.status(4, 2);
  assertEquals((await answerLease(link, mine, "x")).status, 202);
  assertEquals((await back.answers(1))[0].offer, mine.offer);
});
