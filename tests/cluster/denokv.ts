/**
 * A KV Connect server of our own: `denokv` on a free port of the loopback, with a database that is
 * gone afterwards. Run as a program it starts one for a person, until Ctrl-C.
 */
import { makeId } from "../../lib/protocol/ids.ts";
import { freePort, untilAnswers } from "./ports.ts";

/** How to come by the program where it is not there. */
export const HOW_TO_GET_DENOKV = "cargo install denokv --locked";

export interface Denokv extends AsyncDisposable {
  /** What a server needs in its environment to use this one. */
  readonly settings: { DENO_KV_PATH: string; DENO_KV_ACCESS_TOKEN: string };
  /** Ends the process by SIGKILL, unless another signal is named; the data stays. */
  stop(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Starts it again, on the same data and port. */
  start(): Promise<void>;
}

/** The program: `$DENOKV`, else the first of that name on the PATH or in `~/.cargo/bin`. */
export async function findDenokv(): Promise<string | null> {
  const named = Deno.env.get("DENOKV");
  if (named) return named;
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  for (const folder of [...folders, `${Deno.env.get("HOME")}/.cargo/bin`]) {
    const path = `${folder}/denokv`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return null;
}

/** Starts `program` and waits until it answers. */
export async function startDenokv(program: string): Promise<Denokv> {
  const folder = await Deno.makeTempDir({ prefix: "foyer-denokv-" });
  const port = freePort();
  const origin = `http://127.0.0.1:${port}`;
  const token = makeId();
  let child: Deno.ChildProcess | undefined;

  async function start() {
    child = new Deno.Command(program, {
      args: ["--sqlite-path", `${folder}/kv.sqlite`, "serve", "--addr", `127.0.0.1:${port}`],
      env: { DENO_KV_ACCESS_TOKEN: token },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await untilAnswers(origin, child.status);
  }

  async function stop(signal: "SIGKILL" | "SIGTERM" = "SIGKILL") {
    child?.kill(signal);
    await child?.status;
    child = undefined;
  }

  await start();
  return {
    settings: { DENO_KV_PATH: origin, DENO_KV_ACCESS_TOKEN: token },
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

if (import.meta.main) {
  const program = await findDenokv();
  if (!program) {
    console.error(`There is no denokv on this machine; get it by: ${HOW_TO_GET_DENOKV}`);
    Deno.exit(1);
  }
  const denokv = await startDenokv(program);
  const { DENO_KV_PATH, DENO_KV_ACCESS_TOKEN } = denokv.settings;
  console.log(`denokv listens until Ctrl-C; its data is gone then. For any number of servers:

export DENO_KV_PATH=${DENO_KV_PATH} DENO_KV_ACCESS_TOKEN=${DENO_KV_ACCESS_TOKEN}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, async () => {
      await denokv[Symbol.asyncDispose]();
      Deno.exit(0);
    });
  }
}
