/**
 * Inputs by chance, at the server as it runs: nothing gets a 500 or ends it, every answer is one that is
 * documented, and what was begun is gone when its sessions are. `SEED` makes the same choices again,
 * `FUZZ_INPUTS` (or an argument) says how many there are: `deno task bench:fuzz` sends 100,000.
 *
 * Own code and no library: what shrinks a failing input would have to play the sessions around it again.
 * A failure names the input as it was sent.
 */
import { assertEquals, assertLess } from "@std/assert";
import { createRandom } from "../cluster/history/random.ts";
import { type Process, startProcess } from "../cluster/process.ts";
import { until } from "../contract/harness.ts";
import { answer, lease } from "../contract/joiner.ts";
import { startSession } from "../contract/primary.ts";
import { act, leave, type Stage } from "./actors.ts";

const INPUTS = Number(Deno.args[0] ?? Deno.env.get("FUZZ_INPUTS") ?? 2_000);
const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 32));
/** How many act at the same time. */
const ACTORS = 24;
/** What the process may keep beyond what it had when half was done, in bytes: V8 frees when it likes. */
const MOST_GROWTH = 128 * 1_048_576;
/** Longest wait for sessions to end, in milliseconds. Reached only when the test fails. */
const PATIENCE = 60_000;
/** Of faults shown. */
const MOST_SHOWN = 5;

Deno.test({
  name: "whatever comes in, the server answers as documented, keeps nothing, and goes on",
  // Sockets that were cut are closed by the server when it likes.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    console.log(`SEED=${SEED}, ${INPUTS} inputs`);
    const folder = await Deno.makeTempDir();
    const path = `${folder}/kv.sqlite`;
    await using ends = new AsyncDisposableStack();
    ends.defer(() => Deno.remove(folder, { recursive: true }));
    const server = await startProcess({ DENO_KV_PATH: path, GRACE_SECONDS: "0" });
    ends.defer(() => server.kill());
    const port = Number(new URL(server.origin).port);
    const stage: Stage = { port, inputs: 0, faults: [], live: [], over: [] };
    const random = createRandom(SEED);
    const playUntil = (inputs: number, part: string) =>
      Promise.all(Array.from({ length: ACTORS }, async (_, i) => {
        const choices = random.derive(`${part} ${i}`);
        while (stage.inputs < inputs && stage.faults.length < MOST_SHOWN) await act(stage, choices);
      }));

    await playUntil(INPUTS / 2, "first half");
    const halfway = await readMemory(server.pid);
    await playUntil(INPUTS, "second half");
    for (const session of stage.live.splice(0)) await leave(stage, session, random);
    const end = await readMemory(server.pid);

    const complaints = server.log.split("\n").filter((line) =>
      /"event":"(fault|socket-failed|store-unavailable)"|panicked|Uncaught/.test(line)
    );
    const faults = [...stage.faults, ...complaints].slice(0, MOST_SHOWN);
    if (faults.length > 0) throw new Error(`with SEED=${SEED}:\n${faults.join("\n\n")}`);
    assertLess(end - halfway, MOST_GROWTH, "memory");

    // It still does all of what it is for.
    const session = await startSession(server);
    const leased = await lease(session);
    assertEquals((await answer(session, leased.offer, "the last answer")).status, 202);
    const [delivered] = await session.primary.answers(1);
    assertEquals(delivered.answer, "the last answer");
    await session.primary.send({ type: "end" });
    await session.primary.closed();

    const sessions = await untilOver(server);
    assertEquals((await server.end()).code, 0);
    await assertNothingKept(path, sessions);
    console.log(
      `${stage.inputs} inputs, ${sessions} sessions, ${toMb(halfway)} MB halfway, ${toMb(end)} MB`,
    );
  },
});

const toMb = (bytes: number) => (bytes / 1_048_576).toFixed();

/** Bytes that the process holds (VmRSS, proc(5)). */
async function readMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(status.match(/VmRSS:\s+(\d+) kB/)![1]) * 1_024;
}

/** Waits until the server has ended every session that it opened. @returns how many there were. */
async function untilOver(server: Process): Promise<number> {
  const count = (event: string) => server.log.split(`"event":"${event}"`).length - 1;
  const [opened] = await until(
    "every session to end",
    () => Promise.resolve([count("session-opened"), count("session-ended")]),
    ([opened, ended]) => opened === ended,
    PATIENCE,
  );
  return opened;
}

/** Of a session that is over its link says so for a day; nothing else of it may stay. */
async function assertNothingKept(path: string, sessions: number): Promise<void> {
  using kv = await Deno.openKv(path);
  let over = 0;
  const kept: string[] = [];
  for await (const { key, value } of kv.list<{ endedAt?: number | null }>({ prefix: [] })) {
    if (key[0] === "session" && value.endedAt) over++;
    else kept.push(Deno.inspect([key, value]).slice(0, 200));
  }
  assertEquals(kept.slice(0, 20), [], `${kept.length} keys of ${sessions} sessions`);
  assertLess(over, sessions + 1);
}
