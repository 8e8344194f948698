/** TURN credentials: who gets them, and how a primary's are renewed before they end. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { IceServer } from "../../lib/protocol/wire.ts";
import { shareServer } from "./harness.ts";
import { ask, BROWSER, drain, openLink } from "./joiner.ts";
import { comeBack, startSession } from "./primary.ts";

const SECONDS = 24;
const server = shareServer({
  TURN_URLS: "turn:turn.example:3478",
  TURN_SECRET: "a secret that nobody is told",
  TURN_SECONDS: String(SECONDS),
});

/** When the credential ends, in seconds since the epoch, as coturn's use-auth-secret reads it. */
const readExpiry = ([{ username }]: IceServer[]) => Number(username!.split(":")[0]);

Deno.test("A primary gets new credentials before its own end, while it stays", async () => {
  await using session = await startSession(server());
  const [first] = session.welcome.iceServers;
  const { iceServers } = await session.primary.next("ice", () => true, SECONDS * 1_000);
  const [renewed] = iceServers;
  assert(Date.now() / 1_000 < readExpiry([first]), "the first ones have not ended");
  assert(
    readExpiry(iceServers) >= readExpiry([first]) + SECONDS / 2 - 1,
    "the new ones last longer",
  );
  assertEquals(renewed.urls, first.urls);
  assertNotEquals(renewed.credential, first.credential);
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
