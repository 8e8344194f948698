/** Servers as processes of their own, and what Linux says of them; null where it says nothing. */

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Longest wait for a server to listen, in milliseconds. */
const START_TIME = 20_000;
/** Clock ticks in a second (USER_HZ), the unit of /proc/<pid>/stat. */
const TICKS = 100;

/** Starts `command` and waits until something listens at `port` of 127.0.0.1. */
export async function startServer(
  port: number,
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<Server> {
  const child = new Deno.Command(command, {
    args,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const words = readTail(child.stderr);
  const stop = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await words;
  };
  try {
    await waitForPort(port, child);
  } catch (cause) {
    await stop();
    throw new Error(`${command} does not listen at port ${port}: ${await words}`, { cause });
  }
  return { port, pid: child.pid, stop };
}

/** The last of what a server wrote to its log. */
async function readTail(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let tail = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    tail = (tail + text).slice(-2_000);
  }
  return tail;
}

async function waitForPort(port: number, child: Deno.ChildProcess): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  for (const end = performance.now() + START_TIME;;) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (cause) {
      if (ended || performance.now() > end) throw cause;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export function findPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Processor time of a process so far, in seconds (proc(5)). */
export function readCpuTime(pid: number): number | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Memory of a process that is in RAM, in kB (proc(5)). */
export function readMemory(pid: number): number | null {
  const text = readProc(`/proc/${pid}/status`)?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1];
  return text === undefined ? null : Number(text);
}

function readProc(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
