/**
 * `deno task bench:memory`: what a server spends on clients that only stay connected. Each server in
 * turn holds the same number of sockets, of a process other than its own: Foyer's are primaries
 * whose session is open with four offers in the pool, the others' send what their clients send
 * while nothing happens.
 */
import { startFoyerServer } from "./foyer.ts";
import { FoyerPrimary } from "./foyer_primary.ts";
import { openPeer, startPeerJsServer } from "./peerjs.ts";
import { readCpuTime, readMemory, type Server } from "./processes.ts";
import { installRivals } from "./rivals.ts";
import { formatTable } from "./table.ts";
import { openSubscriber, startYWebRtcServer } from "./y_webrtc.ts";
import { makeId } from "../../../lib/protocol/ids.ts";

const SOCKETS = 10_000;
/** Sockets that are opened side by side. */
const BATCH = 50;
/** After the last socket is open, in milliseconds: what is done once per session is done then. */
const SETTLE_TIME = 10_000;
/** Milliseconds. Foyer says the status again every 20 s, PeerJS's clients speak every 5 s. */
const IDLE_TIME = 60_000;

interface Holder {
  name: string;
  start(): Promise<Server>;
  /** Opens one socket; returns how to close it, and what its client says from time to time. */
  open(port: number): Promise<Held>;
  /** Milliseconds between two calls of `speak`. */
  speakTime?: number;
}

interface Held {
  close(): void;
  speak?(): void;
}

interface Idle {
  name: string;
  kilobytes: number;
  kilobytesLater: number;
  /** Processor time in percent of one processor. */
  cpu: number;
  /** Operations on the store while idle, and as many milliseconds before any socket was open. */
  operations: number | null;
  operationsEmpty: number | null;
}

const folder = await Deno.makeTempDir({ prefix: "foyer-bench-" });
const foyer: Holder = {
  name: "Foyer, on file",
  start: () => startFoyerServer({ DENO_KV_PATH: `${folder}/file.sqlite` }),
  open: openPrimary,
};

try {
  console.log(`${SOCKETS} idle sockets on one process, ${IDLE_TIME / 1_000} s. ${describeLoad()}`);
  const rivals = await installRivals();
  const idles = [await hold(foyer)];
  if (rivals) {
    idles.push(
      await hold({
        name: "PeerJS server",
        start: () => startPeerJsServer(rivals),
        async open(port) {
          const socket = await openPeer(port, makeId(), () => {});
          return {
            close: () => socket.close(),
            speak: () => socket.send('{"type":"HEARTBEAT"}'),
          };
        },
        speakTime: 5_000,
      }),
      await hold({
        name: "y-webrtc server",
        start: () => startYWebRtcServer(rivals),
        async open(port) {
          const socket = await openSubscriber(port, makeId(), () => {});
          return { close: () => socket.close(), speak: () => socket.send('{"type":"ping"}') };
        },
        speakTime: 15_000,
      }),
    );
  }
  report(idles);
  console.log(describeLoad());
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** On a machine that others load the store may be late for one: it comes back, as a client does. */
async function openPrimary(port: number): Promise<Held> {
  for (let tries = 1;; tries++) {
    try {
      return await FoyerPrimary.open(`http://127.0.0.1:${port}`);
    } catch (error) {
      if (tries === 5) throw error;
      await rest(2_000);
    }
  }
}

async function hold({ name, start, open, speakTime }: Holder): Promise<Idle> {
  const server = await start();
  const held: Held[] = [];
  let speaking: ReturnType<typeof setInterval> | undefined;
  try {
    await rest(SETTLE_TIME);
    const before = await readState(server);
    await rest(IDLE_TIME / 2);
    const empty = await readState(server);
    while (held.length < SOCKETS) {
      held.push(
        ...await Promise.all(
          Array.from(
            { length: Math.min(BATCH, SOCKETS - held.length) },
            () => open(server.port),
          ),
        ),
      );
    }
    if (speakTime) {
      // As they come: each client by its own clock.
      const slices = 50;
      let slice = 0;
      speaking = setInterval(() => {
        for (let i = slice; i < held.length; i += slices) held[i].speak?.();
        slice = (slice + 1) % slices;
      }, speakTime / slices);
    }
    await rest(SETTLE_TIME);
    const first = await readState(server);
    await rest(IDLE_TIME);
    const last = await readState(server);
    return {
      name,
      kilobytes: (first.memory - before.memory) / SOCKETS,
      kilobytesLater: (last.memory - before.memory) / SOCKETS,
      cpu: (last.cpu - first.cpu) / IDLE_TIME * 100_000,
      operations: subtract(last.operations, first.operations),
      operationsEmpty: subtract(empty.operations, before.operations, 2),
    };
  } finally {
    clearInterval(speaking);
    held.forEach((socket) => socket.close());
    await server.stop();
  }
}

async function readState({ pid, port }: Server) {
  const operations = await readOperations(port);
  return { memory: readMemory(pid) ?? NaN, cpu: readCpuTime(pid) ?? NaN, operations };
}

/** Reads and commits of Foyer's store so far; null where the server is not Foyer. */
async function readOperations(port: number): Promise<number | null> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  const counts = [...text.matchAll(/^foyer_store_(?:reads|commits)_total (\d+)$/gm)];
  return counts.length === 0 ? null : counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

function subtract(after: number | null, before: number | null, times = 1): number | null {
  return after === null || before === null ? null : (after - before) * times;
}

function report(idles: Idle[]) {
  const [{ kilobytes: base }] = idles;
  console.log(formatTable([
    ["", "kB/socket", "/Foyer", "kB later", "CPU %", "KV operations", "without sockets"],
    ...idles.map(({ name, kilobytes, kilobytesLater, cpu, operations, operationsEmpty }) => [
      name,
      kilobytes.toFixed(1),
      (kilobytes / base).toFixed(2),
      kilobytesLater.toFixed(1),
      cpu.toFixed(1),
      operations === null ? "" : String(operations),
      operationsEmpty === null ? "" : String(operationsEmpty),
    ]),
  ]));
}

function rest(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

function describeLoad(): string {
  return `Load average of the last minute: ${Deno.loadavg()[0].toFixed(1)}.`;
}
