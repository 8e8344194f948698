/**
 * One joiner's keep-alive connection: HTTP/1.1 (RFC 9112) as far as Foyer's replies need it, and
 * lean, so that the server is measured rather than the client. One request at a time.
 */
export interface Reply {
  status: number;
  /** Status line and header fields, as they came. */
  head: string;
  body: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

export class HttpConnection {
  #buffer = new Uint8Array(65_536);
  #end = 0;

  private constructor(readonly host: string, private readonly connection: Deno.TcpConn) {
    connection.setNoDelay();
  }

  static async open(origin: string): Promise<HttpConnection> {
    const { host, hostname, port } = new URL(origin);
    return new HttpConnection(host, await Deno.connect({ hostname, port: Number(port) }));
  }

  async request(line: string, fields: string, content?: string): Promise<Reply> {
    const bytes = content === undefined ? null : encoder.encode(content);
    const length = bytes ? `content-length: ${bytes.length}\r\n` : "";
    const head = encoder.encode(`${line} HTTP/1.1\r\nhost: ${this.host}\r\n${fields}${length}\r\n`);
    await this.#write(bytes ? concatenate([head, bytes]) : head);
    return await this.#read();
  }

  close(): void {
    this.connection.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.connection.write(bytes.subarray(sent));
    }
  }

  async #read(): Promise<Reply> {
    this.#end = 0;
    const start = await this.#find("\r\n\r\n", 0) + 4;
    const head = latin1.decode(this.#buffer.subarray(0, start));
    const length = head.match(/\r\ncontent-length: (\d+)/i)?.[1];
    const body = length === undefined && /\r\ntransfer-encoding: chunked/i.test(head)
      ? await this.#readChunks(start)
      : await this.#take(start, Number(length ?? 0));
    return { status: Number(head.slice(9, 12)), head, body };
  }

  async #readChunks(start: number): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    while (true) {
      const lineEnd = await this.#find("\r\n", start);
      const size = parseInt(latin1.decode(this.#buffer.subarray(start, lineEnd)), 16);
      chunks.push(await this.#take(lineEnd + 2, size));
      start = lineEnd + 2 + size + 2;
      while (this.#end < start) await this.#fill();
      if (size === 0) return concatenate(chunks);
    }
  }

  async #take(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#end < start + length) await this.#fill();
    return this.#buffer.slice(start, start + length);
  }

  async #find(mark: string, from: number): Promise<number> {
    while (true) {
      // One character for one byte, so that places in the text are places in the buffer.
      const at = latin1.decode(this.#buffer.subarray(from, this.#end)).indexOf(mark);
      if (at >= 0) return from + at;
      await this.#fill();
    }
  }

  async #fill(): Promise<void> {
    if (this.#end === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const size = await this.connection.read(this.#buffer.subarray(this.#end));
    if (size === null) throw new Error("the server closed a joiner's connection");
    this.#end += size;
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
