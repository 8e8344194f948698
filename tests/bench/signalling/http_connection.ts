/**
 * One joiner's keep-alive connection: HTTP/1.1 (RFC 9112) as far as Foyer's replies need it, and
 * lean, so that the server is measured rather than the client. One request at a time.
 */
import { Connection } from "./connection.ts";

export interface Reply {
  status: number;
  /** Status line and header fields, as they came. */
  head: string;
  body: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
/** One character for one byte, so that places in the text are places among the bytes. */
const latin1 = new TextDecoder("latin1");

export class HttpConnection {
  private constructor(readonly host: string, private readonly connection: Connection) {}

  static async open(origin: string): Promise<HttpConnection> {
    const url = new URL(origin);
    return new HttpConnection(url.host, await Connection.open(url));
  }

  async request(line: string, fields: string, content = ""): Promise<Reply> {
    const body = encoder.encode(content);
    const length = body.length > 0 ? `content-length: ${body.length}\r\n` : "";
    const head = encoder.encode(`${line} HTTP/1.1\r\nhost: ${this.host}\r\n${fields}${length}\r\n`);
    this.connection.send(concatenate([head, body]));
    return await this.#read();
  }

  close(): void {
    this.connection.close();
  }

  async #read(): Promise<Reply> {
    const head = latin1.decode(await this.#takeTo("\r\n\r\n"));
    const length = head.match(/\r\ncontent-length: (\d+)/i)?.[1];
    const isChunked = length === undefined && /\r\ntransfer-encoding: chunked/i.test(head);
    const body = isChunked ? await this.#takeChunks() : await this.#take(Number(length ?? 0));
    return { status: Number(head.slice(9, 12)), head, body };
  }

  async #takeChunks(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    while (true) {
      const size = parseInt(latin1.decode(await this.#takeTo("\r\n")), 16);
      chunks.push(await this.#take(size));
      await this.#takeTo("\r\n");
      if (size === 0) return concatenate(chunks);
    }
  }

  async #takeTo(mark: string): Promise<Uint8Array<ArrayBuffer>> {
    while (true) {
      const at = latin1.decode(this.connection.arrived).indexOf(mark);
      if (at >= 0) return await this.#take(at + mark.length);
      await this.connection.more();
    }
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.connection.arrived.length < length) await this.connection.more();
    const taken = this.connection.arrived.slice(0, length);
    this.connection.drop(length);
    return taken;
  }
}

function concatenate(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
