/**
 * Tests with several servers on one KV. Each has a stage of its own: what it starts is ended after
 * it, and when it fails, what its processes wrote is shown.
 */
import type { Settings } from "../contract/harness.ts";
import { type Denokv, findDenokv, HOW_TO_GET_DENOKV, startDenokv } from "./denokv.ts";
import { type Process, startProcess } from "./process.ts";

export interface Stage {
  /** Starts a process of the server on the stage's KV. */
  start(settings?: Settings, args?: string[]): Promise<Process>;
  /** Starts `count` of them at once. */
  startSeveral<N extends number>(count: N, settings?: Settings): Promise<Several<N>>;
}
export interface DenokvStage extends Stage {
  denokv: Denokv;
}
type Several<N extends number> = N extends 2 ? [Process, Process]
  : N extends 3 ? [Process, Process, Process]
  : Process[];

const program = await findDenokv();

/** A test that needs `denokv`. Where there is none it is ignored, and its name says why. */
export function testOnDenokv(name: string, test: (stage: DenokvStage) => Promise<void>): void {
  if (!program) return ignore(name);
  Deno.test(name, () => performOnDenokv(program, test));
}

/** Tests on `denokv` that mostly wait: at the same time, each on a stage of its own. */
export function testTogetherOnDenokv(
  name: string,
  tests: Record<string, (stage: DenokvStage) => Promise<void>>,
): void {
  if (!program) return ignore(name);
  // Steps at the same time cannot tell whose resources are whose; the test around them can.
  const unguarded = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  Deno.test(name, async (t) => {
    await Promise.all(
      Object.entries(tests).map(([name, test]) =>
        t.step({ name, fn: () => performOnDenokv(program, test), ...unguarded })
      ),
    );
  });
}

function ignore(name: string): void {
  Deno.test.ignore(`${name} [no denokv here; get it by: ${HOW_TO_GET_DENOKV}]`, () => {});
}

async function performOnDenokv(program: string, test: (stage: DenokvStage) => Promise<void>) {
  await using denokv = await startDenokv(program);
  await perform(denokv.settings, (stage) => test({ ...stage, denokv }));
}

/** A test on an embedded database in a file. */
export function testOnFile(name: string, test: (stage: Stage) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir({ prefix: "foyer-cluster-" });
    try {
      await perform({ DENO_KV_PATH: `${folder}/kv.sqlite` }, test);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function perform(kv: Settings, test: (stage: Stage) => Promise<void>): Promise<void> {
  const started: Process[] = [];
  async function start(settings: Settings = {}, args?: string[]) {
    const process = await startProcess({ ...kv, ...settings }, args);
    started.push(process);
    return process;
  }
  async function startSeveral<N extends number>(count: N, settings?: Settings) {
    return await Promise.all(Array.from({ length: count }, () => start(settings))) as Several<N>;
  }
  try {
    await test({ start, startSeveral });
  } catch (error) {
    for (const { origin, log } of started) console.error(`--- ${origin} wrote:\n${clip(log)}`);
    throw error;
  } finally {
    await Promise.all(started.map((process) => process.kill()));
  }
}

function clip(text: string): string {
  return text.length > 4_000 ? `…${text.slice(-4_000)}` : text;
}
