/**
 * A client's WebSocket (RFC 6455), as far as signalling needs it: text, without extensions. Deno's
 * own leaves Nagle's algorithm on, which with delayed acknowledgements costs a description 40 ms.
 */
import { makeId } from "../../../lib/protocol/ids.ts";
import { Connection } from "./connection.ts";

const OPCODE = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Socket {
  #isClosed = false;

  private constructor(private readonly connection: Connection) {}

  /** Messages go to `onmessage`, a close by the server to `onclose`, with its words. */
  static async open(
    url: string,
    onmessage: (text: string) => void,
    onclose: (reason: string) => void = () => {},
  ): Promise<Socket> {
    const address = new URL(url);
    const connection = await Connection.open(address);
    const key = btoa(makeId(12));
    connection.send(encoder.encode(
      `GET ${address.pathname}${address.search} HTTP/1.1\r\nHost: ${address.host}\r\n` +
        "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    ));
    const head = await readHead(connection);
    if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`${url}: ${head.split("\r\n")[0]}`);
    const socket = new Socket(connection);
    socket.#read(onmessage).catch((error) => error.message).then((reason) => {
      if (socket.#isClosed) return;
      socket.close();
      onclose(reason);
    });
    return socket;
  }

  send(text: string): void {
    this.connection.send(makeFrame(OPCODE.text, encoder.encode(text)));
  }

  /** As a lost connection does, without a closing handshake. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.close();
  }

  /** Returns why the server closed. */
  async #read(onmessage: (text: string) => void): Promise<string> {
    while (true) {
      for (let frame = readFrame(this.connection.arrived); frame;) {
        const { opcode, payload, length } = frame;
        if (opcode === OPCODE.close) return `closed: ${decoder.decode(payload.subarray(2))}`;
        if (opcode === OPCODE.ping) this.connection.send(makeFrame(OPCODE.pong, payload));
        const text = opcode === OPCODE.text && decoder.decode(payload);
        this.connection.drop(length);
        if (text) onmessage(text);
        frame = readFrame(this.connection.arrived);
      }
      await this.connection.more();
    }
  }
}

async function readHead(connection: Connection): Promise<string> {
  while (true) {
    await connection.more();
    const text = decoder.decode(connection.arrived);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    connection.drop(end + 4);
    return text.slice(0, end);
  }
}

/** The first frame of `bytes` (RFC 6455 section 5.2) and its `length` with head; null: not all here. */
function readFrame(bytes: Uint8Array<ArrayBuffer>) {
  if (bytes.length < 2) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const short = bytes[1] & 0x7f;
  const head = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < head) return null;
  const size = short === 127
    ? Number(view.getBigUint64(2))
    : short === 126
    ? view.getUint16(2)
    : short;
  const length = head + size;
  if (bytes.length < length) return null;
  return { opcode: bytes[0] & 0xf, payload: bytes.subarray(head, length), length };
}

/** A whole frame, masked with zeros: masks protect proxies, and there is none. At most 65,535 B. */
function makeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const long = payload.length > 125;
  const head = long ? 8 : 6;
  const frame = new Uint8Array(head + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (long ? 126 : payload.length);
  if (long) new DataView(frame.buffer).setUint16(2, payload.length);
  frame.set(payload, head);
  return frame;
}
