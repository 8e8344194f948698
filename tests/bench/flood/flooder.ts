/**
 * A worker that asks without end and takes no notice of the answers but for their status: requests are
 * written one after the other without waiting (RFC 9112 section 9.3.2), at a given rate.
 */
export interface Flood {
  origin: string;
  /** Requests per second. */
  rate: number;
  /** How many addresses they come from, as a proxy says. */
  addresses: number;
  /** Ids that are asked for in turn; none: made-up ones. */
  sessions: string[];
}

const CONNECTIONS = 256;
const TICK = 5;
/** On a connection that has so many replies to come nothing is sent: the server is behind. */
const MOST_OPEN = 20;

let count = 0;
let sent = 0;
const statuses: Record<string, number> = {};

self.onmessage = async ({ data }: MessageEvent<Flood>) => {
  const { hostname, port } = new URL(data.origin);
  const lines = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const tcp = await Deno.connect({ hostname, port: Number(port) });
      const line = { tcp, open: 0 };
      read(line).catch(() => {});
      return line;
    }),
  );
  const start = performance.now();
  setInterval(() => {
    const due = Math.floor((performance.now() - start) / 1_000 * data.rate);
    const share = Math.ceil((due - count) / lines.length);
    for (const line of lines) {
      const size = Math.min(share, MOST_OPEN - line.open);
      count += share;
      if (size <= 0) continue;
      line.open += size;
      sent += size;
      const text = Array.from({ length: size }, (_, i) => makeRequest(data, count + i)).join("");
      write(line.tcp, new TextEncoder().encode(text)).catch(() => {});
    }
  }, TICK);
  setInterval(() => self.postMessage({ sent, statuses }), 100);
  self.postMessage("started");
};

function makeRequest({ addresses, sessions }: Flood, n: number): string {
  const address = n % addresses;
  const id = sessions[n % sessions.length] ?? `made-up-${n}`.padEnd(22, "x");
  return `GET /${id} HTTP/1.1\r\nhost: foyer\r\naccept: application/json\r\n` +
    `x-forwarded-for: 10.${address >> 16 & 255}.${address >> 8 & 255}.${address & 255}\r\n\r\n`;
}

async function write(tcp: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += await tcp.write(bytes.subarray(at));
}

async function read(line: { tcp: Deno.TcpConn; open: number }) {
  const latin1 = new TextDecoder("latin1");
  const bytes = new Uint8Array(65_536);
  let rest = "";
  for (let size; (size = await line.tcp.read(bytes)) !== null;) {
    const text = rest + latin1.decode(bytes.subarray(0, size));
    for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      statuses[status] = (statuses[status] ?? 0) + 1;
      line.open--;
    }
    // The beginning of a status line may be all that has come of it.
    rest = text.slice(Math.max(0, text.lastIndexOf("HTTP/1.1 ") + 1, text.length - 12));
  }
}
