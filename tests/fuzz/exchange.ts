/** One HTTP request written byte by byte, and whether its answer is one that is documented. */
import { type ProblemCode, PROBLEMS } from "../../lib/protocol/problems.ts";
import { within } from "../contract/harness.ts";

/** Longest wait for any answer, in milliseconds: a body that does not end is given 10 seconds. */
const PATIENCE = 40_000;

export interface Exchange {
  /** 0: the connection was closed without an answer. */
  status: number;
  head: string;
  body: string;
}

/** `head` without its empty line; the connection is to close after the answer. */
export async function exchange(
  port: number,
  head: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Exchange> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = await within(
    `an answer to ${JSON.stringify(head.slice(0, 300))}`,
    talk(connection, [new TextEncoder().encode(head + "\r\n\r\n"), body]),
    PATIENCE,
  );
  const text = new TextDecoder().decode(bytes).replace(/^HTTP\/1\.1 100[^]*?\r\n\r\n/, "");
  const end = text.indexOf("\r\n\r\n");
  return {
    status: Number(text.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0),
    head: text.slice(0, end).toLowerCase(),
    body: text.slice(end + 4),
  };
}

async function talk(connection: Deno.TcpConn, pieces: Uint8Array[]): Promise<Uint8Array> {
  const write = async () => {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += await connection.write(piece.subarray(at));
    }
  };
  // An answer may come, and the connection close, before all is written. Whoever sends less than was
  // said goes after it.
  const writing = write().then(() => connection.closeWrite()).catch(() => {});
  const read: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  try {
    while (true) {
      const count = await connection.read(buffer);
      if (count === null) break;
      read.push(buffer.slice(0, count));
    }
  } catch {
    // Reset: what was read until then counts.
  }
  await writing;
  return new Uint8Array(await new Blob(read as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

const FINE = [101, 200, 202, 204, 301, 304];
/** What Deno's HTTP says itself, without a word, to what is no HTTP. */
const NO_HTTP = [400, 414, 431];

/** What is wrong with an answer; null where nothing is. */
export function judge({ status, head, body }: Exchange): string | null {
  if (status === 0 || FINE.includes(status)) return null;
  if (NO_HTTP.includes(status) && /\ncontent-length: 0/.test(head)) return null;
  const documented = Object.entries(PROBLEMS).filter(([, [known]]) => known === status);
  if (documented.length === 0 || status === 500) return `status ${status} is not documented`;
  // A HEAD has no body to look at.
  if (body === "") return null;
  const type = head.match(/\ncontent-type: ([^\r]*)/)?.[1] ?? "";
  if (type.startsWith("text/html")) {
    return /[<]!doctype html>/i.test(body) || isPacked(head) ? null : "no page";
  }
  if (!type.startsWith("application/problem+json")) return `status ${status} comes as ${type}`;
  const code = readCode(body);
  if (code === "unavailable" || !documented.some(([known]) => known === code)) {
    return `the word ${code} with status ${status}`;
  }
  return null;
}

const isPacked = (head: string) => /\ncontent-encoding:/.test(head);

function readCode(body: string): ProblemCode | undefined {
  try {
    // A body of unknown length comes in chunks.
    return JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1)).code;
  } catch {
    return undefined;
  }
}
