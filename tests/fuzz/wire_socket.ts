/** A WebSocket written byte by byte (RFC 6455), so that it can say what no library would. */

export interface WireSocket {
  /** Frames as JSON, as they came. */
  readonly heard: { type: string; [field: string]: unknown }[];
  /** The code of the server's close frame; 1006 where it closed without one. */
  readonly closed: Promise<number>;
  /** False once nothing can be written any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** The next frame of `type`, or undefined when the socket closed first. */
  next(type: string): Promise<{ type: string; [field: string]: unknown } | undefined>;
  /** Goes without a word, as a lost network does. */
  drop(): Promise<void>;
}

/** undefined where the server does not take the handshake. */
export async function openWireSocket(port: number, path: string): Promise<WireSocket | undefined> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(
    new TextEncoder().encode(
      [
        `GET ${path} HTTP/1.1`,
        "Host: fuzz",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n",
      ].join("\r\n"),
    ),
  );
  let pending = new Uint8Array();
  const buffer = new Uint8Array(65_536);
  const heard: WireSocket["heard"] = [];
  const { promise: closed, resolve: settle } = Promise.withResolvers<number>();
  let arrival = Promise.withResolvers<void>();
  let isOver = false;

  const read = async (): Promise<boolean> => {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return false;
    const joined = new Uint8Array(pending.length + count);
    joined.set(pending);
    joined.set(buffer.subarray(0, count), pending.length);
    pending = joined;
    return true;
  };
  let end = -1;
  while (end < 0 && await read()) {
    end = new TextDecoder("latin1").decode(pending).indexOf("\r\n\r\n");
  }
  if (!new TextDecoder("latin1").decode(pending).startsWith("HTTP/1.1 101")) {
    connection.close();
    return undefined;
  }
  pending = pending.slice(end + 4);

  const reading = (async () => {
    let code = 1006;
    do {
      for (let frame = takeFrame(); frame; frame = takeFrame()) {
        if (frame.opcode === 8) {
          if (frame.payload.length >= 2) code = frame.payload[0] << 8 | frame.payload[1];
          // The server waits for this word before it lets go.
          await connection.write(makeFrame(frame.payload, 0x88)).catch(() => {});
          settle(code);
        }
        if (frame.opcode === 1) heard.push(JSON.parse(new TextDecoder().decode(frame.payload)));
      }
      arrival.resolve();
      arrival = Promise.withResolvers();
    } while (await read());
    isOver = true;
    arrival.resolve();
    settle(code);
    shut();
  })();

  function shut(): void {
    try {
      connection.close();
    } catch {
      // It is closed.
    }
  }

  /** Frames of the server are whole and unmasked. */
  function takeFrame(): { opcode: number; payload: Uint8Array } | undefined {
    if (pending.length < 2) return undefined;
    const view = new DataView(pending.buffer);
    const short = pending[1] & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (pending.length < head) return undefined;
    const length = short < 126
      ? short
      : short === 126
      ? view.getUint16(2)
      : Number(view.getBigUint64(2));
    if (pending.length < head + length) return undefined;
    const frame = { opcode: pending[0] & 15, payload: pending.slice(head, head + length) };
    pending = pending.slice(head + length);
    return frame;
  }

  return {
    heard,
    closed,
    async write(bytes) {
      try {
        for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
        return true;
      } catch {
        return false;
      }
    },
    async next(type) {
      let from = 0;
      while (true) {
        const found = heard.slice(from).find((frame) => frame.type === type);
        if (found) return found;
        from = heard.length;
        if (isOver) return undefined;
        await arrival.promise;
      }
    },
    async drop() {
      shut();
      await reading;
    },
  };
}

/** A client's frame (RFC 6455 section 5.2), masked with zeros; `first` is its first byte. */
export function makeFrame(payload: Uint8Array, first = 0x81): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126
    ? [first, 0x80 | length]
    : length < 65_536
    ? [first, 0x80 | 126, length >> 8, length & 255]
    : [
      first,
      0x80 | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      length >> 16 & 255,
      length >> 8 & 255,
      length & 255,
    ];
  const frame = new Uint8Array(head.length + 4 + length);
  frame.set(head);
  frame.set(payload, head.length + 4);
  return frame;
}
