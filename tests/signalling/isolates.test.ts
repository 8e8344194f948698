import { assertEquals } from "@std/assert";
import { type BeatEvents, startBeat } from "../../lib/signalling/isolates.ts";
import { findSession } from "../../lib/signalling/hosting.ts";
import type { Session } from "../../lib/signalling/session.ts";
import { makeContext, makeSession, openKv } from "./make_context.ts";

const IGNORED: BeatEvents = { onTakenForDead() {}, onStoreBack() {}, isServed: () => true };

Deno.test("startBeat() leaves the sessions of an isolate alone that has not beaten yet", async () => {
  using kv = await openKv();
  await using fresh = makeContext(kv);
  const id = await makeSession(fresh, ["only"]);
  const closing = new AbortController();
  await using other = makeContext(kv);
  const beat = startBeat({ ...other, closing: closing.signal }, IGNORED);
  closing.abort();
  await beat.stopped;
  assertEquals((await findSession(fresh, id) as Session).holder?.isolate, fresh.isolate);
});

Deno.test("startBeat() releases the socket that is in doubt, and not the one that took its place", async () => {
  using kv = await openKv();
  for (const living of [false, true]) {
    const closing = new AbortController();
    await using context = makeContext(kv);
    const id = await makeSession(context, ["only"], "next socket");
    context.doubtful.set(id, 1);
    const events = { ...IGNORED, isServed: (socket: string) => living && socket === "next socket" };
    const beat = startBeat({ ...context, closing: closing.signal }, events);
    closing.abort();
    await beat.stopped;
    assertEquals((await findSession(context, id) as Session).holder !== null, living);
  }
});

Deno.test("startBeat() leaves nothing of an isolate that stops in order", async () => {
  using kv = await openKv();
  const closing = new AbortController();
  await using context = makeContext(kv);
  await using other = makeContext(kv);
  const id = await makeSession(context, ["only"]);
  const session = await findSession(context, id) as Session;
  await context.store.commit({ checks: [], mutations: other.mail.note(session, id) });
  const beat = startBeat({ ...context, closing: closing.signal }, IGNORED);
  closing.abort();
  await beat.stopped;
  const prefixes = ["isolate", "mailbox", "mail"].map((name) => [name]);
  assertEquals((await Promise.all(prefixes.map(context.store.list))).flat(), []);
});
