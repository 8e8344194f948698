/** TURN credentials: who gets them. How they are renewed is in in_time.test.ts. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { shareServer } from "./harness.ts";
import { ask, BROWSER, drain, openLink } from "./joiner.ts";
import { comeBack, startSession } from "./primary.ts";

const server = shareServer({
  TURN_URLS: "turn:turn.example:3478",
  TURN_SECRET: "a secret that nobody is told",
});

Deno.test("A primary that comes back gets credentials that begin anew", async () => {
  await using session = await startSession(server());
  await using back = await comeBack(session, session.offers);
  const { iceServers } = await back.next("welcome");
  assertNotEquals(iceServers, session.welcome.iceServers);
});

Deno.test("Nobody gets credentials who has neither a lease nor a session", async () => {
  await using session = await startSession(server());
  const looks = [
    await openLink(session, { "sec-purpose": "prefetch" }),
    await openLink(session, { "sec-purpose": "prefetch", accept: BROWSER }),
    await ask(server().origin, { headers: { accept: BROWSER } }),
  ];
  for (const { text } of looks) assert(!text.includes("turn.example"), text.slice(0, 200));
  await drain(session);
  for (const accept of [BROWSER, "application/json"]) {
    const { status, text } = await openLink(session, { accept });
    assertEquals(status, 503);
    assert(!text.includes("turn.example"));
  }
  await using thief = await comeBack({ ...session, key: "x".repeat(32) }, ["thief's"]);
  await thief.closed();
  assert(!JSON.stringify(thief.frames).includes("turn.example"));
});
