import { assertEquals, assertRejects } from "@std/assert";
import { groupCommits } from "../../lib/signalling/group_commits.ts";
import { type Change, check, createStore, set } from "../../lib/signalling/store.ts";
import { Unavailable } from "../../lib/signalling/unavailable.ts";
import { openKv } from "./make_context.ts";

const write = (name: string): Change => ({ checks: [], mutations: [set([name], name)] });

Deno.test("groupCommits() lets a lone change go at once and groups those that come meanwhile", async () => {
  const sizes: number[] = [];
  const gate = Promise.withResolvers<void>();
  const commit = groupCommits(async ({ mutations }) => {
    sizes.push(mutations.length);
    await gate.promise;
    return "version";
  });
  const results = ["a", "b", "c", "d"].map((name) => commit(write(name)));
  assertEquals(sizes, [1]);
  gate.resolve();
  assertEquals(await Promise.all(results), ["version", "version", "version", "version"]);
  assertEquals(sizes, [1, 3]);
});

Deno.test("groupCommits() begins another commit beside one only when there is enough for it, up to a number", async () => {
  const sizes: number[] = [];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const commit = groupCommits(async ({ mutations }) => {
    sizes.push(mutations.length);
    await gate;
    return "1";
  }, 2);
  const all = "abcdefghijklmn".split("").map((name) => commit(write(name)));
  assertEquals(sizes, [1, 5]);
  open();
  await Promise.all(all);
  assertEquals(sizes, [1, 5, 8]);
});

Deno.test("groupCommits() gives each caller its own result when one check of a group fails", async () => {
  using kv = await openKv();
  const { get, commit } = createStore(kv);
  await kv.set(["taken"], 1);
  const stale = { checks: [{ key: ["taken"], versionstamp: null }], mutations: [set(["x"], 1)] };
  const results = await Promise.all([commit(write("a")), commit(write("b")), commit(stale)]);
  assertEquals(results.map((result) => result !== null), [true, true, false]);
  assertEquals((await get(["b"])).value, "b");
  assertEquals((await get(["x"])).value, null);
});

Deno.test("groupCommits() lets only one of two changes win that check and write the same key", async () => {
  using kv = await openKv();
  const { get, commit } = createStore(kv);
  const entry = await get(["offer"]);
  const take = (by: string) => ({ checks: [check(entry)], mutations: [set(["offer"], by)] });
  const results = await Promise.all([commit(write("first")), commit(take("a")), commit(take("b"))]);
  assertEquals(results.map((result) => result !== null), [true, true, false]);
  assertEquals((await get(["offer"])).value, "a");
});

Deno.test("two stores on one file commit side by side without an error reaching a caller", async () => {
  const path = await Deno.makeTempFile({ suffix: ".sqlite3" });
  const [one, two] = [await openKv(path), await openKv(path)];
  try {
    const stores = [createStore(one), createStore(two)];
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => stores[i % 2].commit(write(`key ${i}`))),
    );
    assertEquals((await Array.fromAsync(one.list({ prefix: [] }))).length, 200);
  } finally {
    one.close();
    two.close();
    await Deno.remove(path);
  }
});

Deno.test("a store that is closed is Unavailable, not a TypeError", async () => {
  const kv = await openKv();
  const { get } = createStore(kv);
  kv.close();
  await assertRejects(() => get(["a"]), Unavailable);
});

Deno.test("groupCommits() counts a check that changes share once, and keeps to what the server takes", async () => {
  const sizes: number[] = [];
  const gate = Promise.withResolvers<void>();
  const commit = groupCommits(async ({ checks }) => {
    sizes.push(checks.length);
    await gate.promise;
    if (checks.length <= 10) return "version";
    const cause = new Error("status=400 Bad Request: Too many checks included in atomic write.");
    throw new Unavailable("the store failed", { cause });
  });
  const change = (name: string): Change => ({
    checks: ["session", name].map((key) => ({ key: [key], versionstamp: "1" })),
    mutations: [set(["mark", name], name)],
  });
  const commitSeveral = (names: string) =>
    Promise.all([...names].map((name) => commit(change(name))));
  const first = commitSeveral("abcdefghijklm");
  gate.resolve();
  assertEquals(new Set(await first), new Set(["version"]));
  assertEquals(sizes.slice(0, 2), [2, 13], "the shared check counts once");
  sizes.length = 0;
  await commitSeveral("abcdefghijklm");
  assertEquals(sizes, [10, 5]);
});

Deno.test("groupCommits() keeps nobody waiting behind a store that fails, nor tries each alone", async () => {
  let commits = 0;
  const gate = Promise.withResolvers<never>();
  const commit = groupCommits(() => {
    commits++;
    return gate.promise;
  });
  const results = ["a", "b", "c"].map((name) => commit(write(name)));
  gate.reject(new Unavailable("the store did not answer"));
  for (const result of results) await assertRejects(() => result, Unavailable);
  assertEquals(commits, 1);
});
