/** Starts the real server as a process of its own; the tests reach it over HTTP and WebSocket only. */

const ROOT = new URL("../../", import.meta.url).pathname;
const COMMAND = [Deno.execPath(), "run", "-A", "main.ts"];
/** Longest wait for anything a test waits for, in milliseconds. Reached only when a test fails. */
export const PATIENCE = 30_000;

export interface Server {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Ends the process by SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Ends the process by SIGTERM. @returns its exit code. */
  stop(): Promise<number>;
}

/** Environment variables; `undefined` leaves one at its default. */
export type Settings = Record<string, string | undefined>;

/** Starts `main.ts` on a free port with `settings` as its environment, and waits until it listens. */
export async function startServer(settings: Settings = {}): Promise<Server> {
  const log = await Deno.makeTempFile({ prefix: "foyer-log-" });
  // A file takes what the server logs, so that only a crash shows it among the tests.
  const command = ["sh", "-c", 'exec "$@" 2>"$STDERR_FILE"', "sh", ...COMMAND];
  const child = spawnServer(command, { ...settings, STDERR_FILE: log }, "inherit");
  const output = child.stdout.getReader();

  const end = async (signal: Deno.Signal) => {
    const crashed = !signalProcess(child, signal);
    try {
      return await awaitEnd(child, signal);
    } finally {
      await output.cancel();
      if (crashed) console.error(`the server ended by itself: ${await Deno.readTextFile(log)}`);
      await Deno.remove(log);
    }
  };
  try {
    const origin = await within("the server to say that it listens", readOrigin(output));
    return { origin, kill: () => end("SIGKILL").then(() => {}), stop: () => end("SIGTERM") };
  } catch (cause) {
    await end("SIGKILL");
    throw cause;
  }
}

/** Starts a server that should not start. @returns how it ended and what it wrote. */
export async function failToStart(settings: Settings): Promise<{ code: number; words: string }> {
  const child = spawnServer(COMMAND, settings, "piped");
  const output = child.stdout.getReader();
  const listens = readOrigin(output).then(() => true, () => false);
  const words = new Response(child.stderr).text();
  try {
    if (await within("the server to give up or to listen", listens)) {
      throw new Error(`the server starts with ${JSON.stringify(settings)}`);
    }
    const { code } = await within("the server to exit", child.status);
    return { code, words: await words };
  } finally {
    signalProcess(child, "SIGKILL");
    await awaitEnd(child, "SIGKILL");
    await output.cancel();
    await words;
  }
}

/** One server for all tests of a file. @returns a function that gives it. */
export function shareServer(settings: Settings = {}): () => Server {
  let server: Server | undefined;
  Deno.test.beforeAll(async () => {
    server = await startServer(settings);
  });
  Deno.test.afterAll(async () => {
    await server?.stop();
  });
  return () => server!;
}

/** `promise`, or a failure that says what was waited for. */
export async function within<T>(what: string, promise: Promise<T>, ms = PATIENCE): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until the answer is `wanted`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  ms = PATIENCE,
): Promise<T> {
  const end = Date.now() + ms;
  while (true) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function spawnServer(
  [program, ...args]: string[],
  settings: Settings,
  stderr: "inherit" | "piped",
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args,
    cwd: ROOT,
    clearEnv: true,
    env: dropUndefined({
      PATH: Deno.env.get("PATH"),
      HOME: Deno.env.get("HOME"),
      DENO_DIR: Deno.env.get("DENO_DIR"),
      NO_COLOR: "1",
      HOST: "127.0.0.1",
      PORT: "0",
      DENO_KV_PATH: ":memory:",
      ICE_SERVERS: "[]",
      LIMIT_PER_MINUTE: "0",
      ...settings,
    }),
    stdin: "null",
    stdout: "piped",
    stderr,
  }).spawn();
}

async function readOrigin(output: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { value, done } = await output.read();
    if (done) throw new Error(`the server ended before it listened; it wrote: ${text}`);
    text += decoder.decode(value, { stream: true });
    const origin = text.match(/^Foyer listens on (http:\/\/127\.0\.0\.1:\d+)\/$/m)?.[1];
    if (origin) return origin;
  }
}

/** @returns false when the process has ended by itself. */
function signalProcess(child: Deno.ChildProcess, signal: Deno.Signal): boolean {
  try {
    child.kill(signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits for the end that `signal` asked for. */
async function awaitEnd(child: Deno.ChildProcess, signal: Deno.Signal): Promise<number> {
  try {
    return (await within(`the server to end on ${signal}`, child.status)).code;
  } catch (cause) {
    signalProcess(child, "SIGKILL");
    await child.status;
    throw cause;
  }
}

function dropUndefined(settings: Settings): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );
}
