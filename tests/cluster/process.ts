/** The server as an operating system's process: one of several, and one that can be struck. */
import { type Server, type Settings, within } from "../contract/harness.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

export interface Process extends Server {
  readonly pid: number;
  /** Everything it wrote. */
  readonly log: string;
  /** Ends it by SIGTERM. @returns its exit code and how long it took in milliseconds. */
  end(): Promise<{ code: number; took: number }>;
  /** Stops it where it is, as a machine that has no time for it does, until `resume()`. */
  pause(): void;
  resume(): void;
}

/** Longest wait for a process to listen, where several start on a busy machine. In milliseconds. */
const START_TIME = 30_000;
/** What is run, with Deno's words for it. */
export const MAIN = ["run", "-A", "main.ts"];

/** Starts the server with `settings` as its environment, and waits until it listens. */
export async function startProcess(settings: Settings, args = MAIN): Promise<Process> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      ...passOn("DENO_DIR"),
      NO_COLOR: "1",
      HOST: "127.0.0.1",
      PORT: "0",
      ICE_SERVERS: "[]",
      LIMIT_PER_MINUTE: "0",
      ...dropUndefined(settings),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let log = "";
  const listens = Promise.withResolvers<string>();
  const collect = async (output: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      log += text;
      const origin = log.match(/listens? on (http:\/\/127\.0\.0\.1:\d+)\/|Listening on (\S+)\/ /i);
      if (origin) listens.resolve(origin[1] ?? origin[2]);
    }
  };
  const ended = Promise.all([child.status, collect(child.stdout), collect(child.stderr)])
    .then(([status]) => status);
  ended.then(({ code }) => listens.reject(new Error(`it ended with ${code} and wrote: ${log}`)));

  const strike = async (signal: Deno.Signal) => {
    const start = performance.now();
    try {
      child.kill(signal);
    } catch {
      // It has ended by itself.
    }
    const { code } = await within(`the process to end on ${signal}`, ended);
    return { code, took: performance.now() - start };
  };
  const kill = () => strike("SIGKILL").then(() => {});

  const origin = await within("the server to listen", listens.promise, START_TIME).catch(
    async (cause) => {
      await kill();
      throw cause;
    },
  );
  return {
    origin,
    get log() {
      return log;
    },
    pid: child.pid,
    kill,
    end: () => strike("SIGTERM"),
    stop: () => strike("SIGTERM").then(({ code }) => code),
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
  };
}

function passOn(name: string): Record<string, string> {
  const value = Deno.env.get(name);
  return value === undefined ? {} : { [name]: value };
}

function dropUndefined(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
