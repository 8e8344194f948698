import { assertEquals } from "@std/assert";
import { createStore } from "../../lib/signalling/store.ts";
import type { Session } from "../../lib/signalling/session.ts";
import { makeContext, openKv } from "./make_context.ts";

const heldBy = (isolate: string): Session => ({
  keyHash: "",
  target: null,
  holder: { isolate, socket: "socket" },
  awayUntil: null,
  endedAt: null,
});

Deno.test("a note reaches the holder's isolate though no hint was sent, and is then removed", async () => {
  using kv = await openKv();
  const read = Promise.withResolvers<string>();
  await using there = makeContext(kv, {
    onMail: (session) => Promise.resolve(read.resolve(session)),
  });
  await using here = makeContext(kv);
  const mutations = here.mail.note(heldBy(there.isolate), "some session");
  await createStore(kv).commit({ checks: [], mutations });
  assertEquals(await read.promise, "some session");
  const reader = kv.watch([["mail", there.isolate, "some session"]]).getReader();
  while ((await reader.read()).value![0].value !== null);
  await reader.cancel();
});

Deno.test("a note stays until its mail was read", async () => {
  using kv = await openKv();
  const second = Promise.withResolvers<void>();
  let calls = 0;
  await using there = makeContext(kv, {
    onMail() {
      if (++calls === 1) return Promise.reject(new Error("the store is slow"));
      return Promise.resolve(second.resolve());
    },
  });
  await using here = makeContext(kv);
  const mutations = here.mail.note(heldBy(there.isolate), "some session");
  await createStore(kv).commit({ checks: [], mutations });
  await second.promise;
});

Deno.test("a change at the holder's own isolate leaves no note", async () => {
  using kv = await openKv();
  await using context = makeContext(kv);
  assertEquals(context.mail.note(heldBy(context.isolate), "some session"), []);
});
