import { assertEquals } from "@std/assert";
import { createTurns } from "../../lib/signalling/turns.ts";

/** Turns whose passes the test makes, and who went, in their order. */
function makeTurns() {
  const passes: (() => void)[] = [];
  const turns = createTurns((pass) => void passes.push(pass));
  const gone: string[] = [];
  return {
    gone,
    close: turns.close,
    async ask(name: string, session: string, isKnown = true) {
      const result = await turns.take(session, isKnown);
      gone.push(result === "go" ? name : `${name} ${result}`);
    },
    async pass() {
      gone.length = 0;
      passes.splice(0).forEach((pass) => pass());
      await settle();
      return gone.filter((name) => !name.startsWith("made up")).toSorted();
    },
  };
}

/** What is resolved by now has gone. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("whoever asks alone goes at once, and nothing is left to be done later", async () => {
  const { ask, gone, pass } = makeTurns();
  await ask("a", "one");
  assertEquals(gone, ["a"]);
  assertEquals(await pass(), []);
  await ask("b", "one");
  assertEquals(gone, ["b"]);
});

Deno.test("four go at a pass, and the others at the passes after it", async () => {
  const { ask, pass, gone } = makeTurns();
  "abcdefghij".split("").forEach((name) => ask(name, "one"));
  await settle();
  assertEquals(gone, ["a", "b", "c", "d"]);
  assertEquals(await pass(), ["e", "f", "g", "h"]);
  assertEquals(await pass(), ["i", "j"]);
});

Deno.test("a session that seldom asks does not wait for one that asks all the time", async () => {
  const { ask, pass } = makeTurns();
  for (let i = 10; i < 60; i++) ask(`busy ${i}`, "busy");
  await settle();
  assertEquals(await pass(), ["busy 14", "busy 15", "busy 16", "busy 17"]);
  ask("calm", "calm");
  assertEquals(await pass(), ["busy 18", "busy 19", "busy 20", "calm"]);
});

Deno.test("however many made-up sessions are asked for, known ones have all their turns", async () => {
  const { ask, pass, close } = makeTurns();
  for (let i = 10; i < 60; i++) ask(`made up ${i}`, `made up ${i}`, false);
  "abcdefgh".split("").forEach((name) => ask(name, name));
  await settle();
  assertEquals(await pass(), ["e", "f", "g", "h"]);
  close();
});

Deno.test("a session that asks all the time has a turn of each pass, however many others come", async () => {
  const { ask, pass } = makeTurns();
  for (let i = 10; i < 20; i++) ask(`busy ${i}`, "busy");
  const gone: string[] = [];
  for (let i = 10; i < 19; i++) {
    for (let j = 0; j < 9; j++) ask(`other ${i} ${j}`, `other ${i} ${j}`);
    gone.push(...await pass());
  }
  assertEquals(gone.filter((name) => name.startsWith("busy")).at(-1), "busy 19");
});

Deno.test("unknown sessions go one at a time, the last of them too", async () => {
  const turns = createTurns();
  const gone: string[] = [];
  const all = ["a", "b", "c"].map((name) => turns.take(name, false).then(() => gone.push(name)));
  await Promise.resolve();
  assertEquals(gone, ["a"]);
  await Promise.all(all);
  assertEquals(gone, ["a", "b", "c"]);
  turns.close();
});

Deno.test("more than sixty-four that wait for one session, or for unknown ones, are told so", async () => {
  const { ask, gone, close } = makeTurns();
  for (let i = 0; i < 4 + 64; i++) ask(`${i}`, "one");
  await ask("late", "one");
  assertEquals(gone.at(-1), "late crowded");
  for (let i = 0; i < 1 + 64; i++) ask(`${i}`, `made up ${i}`, false);
  await ask("later", "made up", false);
  assertEquals(gone.at(-1), "later crowded");
  close();
});

Deno.test("who finishes something waits where others are turned away, until five hundred wait", async () => {
  const turns = createTurns(() => {});
  const finish = () => turns.take("made up", false, true);
  const all = Array.from({ length: 1 + 512 }, finish);
  assertEquals(await finish(), "crowded");
  turns.close();
  assertEquals(new Set(await Promise.all(all)), new Set(["go"]));
});

Deno.test("who comes after the end goes at once", async () => {
  const turns = createTurns();
  assertEquals(await turns.take("made up", false), "go");
  turns.close();
  assertEquals(await turns.take("made up", false), "go");
  assertEquals(await turns.take("made up", false), "go");
});
