/**
 * A process that asks without end and takes no notice of the answers but for their status: requests are
 * written one after the other without waiting (RFC 9112 section 9.3.2), at a given rate.
 */
import process from "node:process";

export interface Flood {
  origin: string;
  /** Requests per second. */
  rate: number;
  /** How many addresses they come from, as a proxy says. */
  addresses: number;
  /** Ids that are asked for in turn; none: made-up ones. */
  sessions: string[];
  connections: number;
}

/** What it tells now and then: requests so far, and the statuses of the replies. */
export interface Sent {
  sent: number;
  statuses: Record<string, number>;
}

const TICK = 2;
const BURST_TIME = 5;
/** On a connection that has so many replies to come nothing is sent: the server is behind. */
const MOST_OPEN = 20;
/** Written beforehand, because this shares the machine with the server; then they begin again. */
const REQUESTS = 20_000;

interface Line {
  tcp: Deno.TcpConn;
  /** Replies to come. */
  open: number;
}

let sent = 0;
let isFlooding = false;
const statuses: Record<string, number> = {};

/** A flood to get ready for, or whether it is on. */
process.on("message", (message: Flood | boolean) => {
  if (typeof message === "boolean") isFlooding = message;
  else prepare(message);
});

async function prepare(flood: Flood) {
  const { hostname, port } = new URL(flood.origin);
  const requests = Array.from({ length: REQUESTS }, (_, n) => makeRequest(flood, n));
  const size = requests[0].length;
  const bytes = new TextEncoder().encode(requests.join(""));
  const lines = await Promise.all(
    Array.from({ length: flood.connections }, async (): Promise<Line> => {
      const tcp = await Deno.connect({ hostname, port: Number(port) });
      const line = { tcp, open: 0 };
      read(line).catch(() => {});
      return line;
    }),
  );
  let last = performance.now();
  let due = 0;
  let asked = 0;
  setInterval(() => {
    const now = performance.now();
    if (isFlooding) due += (now - last) / 1_000 * flood.rate;
    last = now;
    // What was not sent while this did not run is not made up for: a burst would be another flood.
    due = Math.min(due, asked + flood.rate * BURST_TIME / 1_000);
    for (; asked < due; asked++) {
      const line = lines[asked % lines.length];
      if (line.open === MOST_OPEN) continue;
      const at = asked % REQUESTS * size;
      write(line.tcp, bytes.subarray(at, at + size)).catch(() => {});
      line.open++;
      sent++;
    }
  }, TICK);
  setInterval(() => process.send!({ sent, statuses } satisfies Sent), 100);
  process.send!("ready");
}

/** All of the same length. */
function makeRequest({ addresses, sessions }: Flood, n: number): string {
  const address = 100_000 + n % addresses;
  const id = sessions[n % sessions.length] ?? `made-up-${n}`.padEnd(22, "x");
  const client = `10.${100 + Math.floor(address / 10_000) % 100}.${address % 10_000 / 100 | 0}`;
  return `GET /${id} HTTP/1.1\r\nhost: foyer\r\naccept: application/json\r\n` +
    `x-forwarded-for: ${`${client}.${address % 100}`.padEnd(15)}\r\n\r\n`;
}

async function write(tcp: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += await tcp.write(bytes.subarray(at));
}

async function read(line: Line) {
  const latin1 = new TextDecoder("latin1");
  const bytes = new Uint8Array(65_536);
  let rest = "";
  for (let size; (size = await line.tcp.read(bytes)) !== null;) {
    const text = rest + latin1.decode(bytes.subarray(0, size));
    let end = 0;
    for (
      let at = 0;
      (at = text.indexOf("HTTP/1.1 ", at)) >= 0 && at + 12 <= text.length;
      at = end
    ) {
      end = at + 12;
      const status = text.slice(at + 9, end);
      statuses[status] = (statuses[status] ?? 0) + 1;
      line.open--;
    }
    // The beginning of a status line may be all that has come of it.
    rest = text.slice(Math.max(end, text.length - 11));
  }
}
