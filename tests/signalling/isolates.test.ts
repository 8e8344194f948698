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
