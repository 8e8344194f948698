/**
 * Tests with several servers on one KV. Each has a stage of its own: what it starts is ended after
 * it, and when it fails, what its processes wrote is shown.
 */
import type { Settings } from "../contract/harness.ts";
import type { Performance } from "../contract/together.ts";
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

/** On `denokv`. Where there is none the test is ignored, and its name says why. */
export function onDenokv(test: (stage: DenokvStage) => Promise<void>): Performance {
  return {
    ignore: program === null,
    why: `[no denokv here; get it by: ${HOW_TO_GET_DENOKV}]`,
    async fn() {
      await using denokv = await startDenokv(program!);
      await perform(denokv.settings, (stage) => test({ ...stage, denokv }));
    },
  };
}

/** On an embedded database in a file. */
export function onFile(test: (stage: Stage) => Promise<void>): Performance {
  return {
    ignore: false,
    why: "",
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "foyer-cluster-" });
      try {
        await perform({ DENO_KV_PATH: `${folder}/kv.sqlite` }, test);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}

export function testOnFile(name: string, test: (stage: Stage) => Promise<void>): void {
  Deno.test(name, onFile(test).fn);
}

/** Tests on three processes on `denokv`, the same for all of them: none does them any harm. */
export function testOnThree(
  tests: Record<string, (servers: [Process, Process, Process]) => Promise<void>>,
): void {
  const { why, ignore } = onDenokv(() => Promise.resolve());
  const over = Promise.withResolvers<void>();
  const started = Promise.withResolvers<[Process, Process, Process]>();
  let performing: Promise<void> | undefined;
  if (!ignore) {
    Deno.test.beforeAll(async () => {
      performing = onDenokv(async ({ startSeveral }) => {
        started.resolve(await startSeveral(3));
        await over.promise;
      }).fn();
      await Promise.race([started.promise, performing]);
    });
    Deno.test.afterAll(async () => {
      over.resolve();
      await performing;
    });
  }
  for (const [name, test] of Object.entries(tests)) {
    const fn = async () => await test(await started.promise);
    // What the processes write is read all the time, across the tests.
    const guards = { sanitizeOps: false, sanitizeResources: false };
    Deno.test({ name: ignore ? `${name} ${why}` : name, ignore, fn, ...guards });
  }
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
