/** A TCP connection of a client, with what has arrived and is not taken yet. */
export class Connection {
  #buffer = new Uint8Array(8_192);
  #end = 0;
  #queue: Uint8Array[] = [];
  #isSending = false;

  private constructor(private readonly tcp: Deno.TcpConn) {
    tcp.setNoDelay();
  }

  static async open({ hostname, port }: URL): Promise<Connection> {
    return new Connection(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Valid until the next call of `more()` or `drop()`. */
  get arrived(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#end);
  }

  /** Waits for more. @throws {Error} when there will be none. */
  async more(): Promise<void> {
    if (this.#end === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const size = await this.tcp.read(this.#buffer.subarray(this.#end));
    if (size === null) throw new Error("the server closed the connection");
    this.#end += size;
  }

  /** The first `count` bytes are taken. */
  drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#end);
    this.#end -= count;
  }

  /** In the order of the calls. Where it fails, `more()` says so. */
  async send(bytes: Uint8Array): Promise<void> {
    this.#queue.push(bytes);
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        while (next.length > 0) next = next.subarray(await this.tcp.write(next));
      }
    } catch {
      this.#queue = [];
    }
    this.#isSending = false;
  }

  close(): void {
    this.tcp.close();
  }
}
