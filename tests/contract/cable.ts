/** A cable between a client and a server that can be cut, as a lost network does: no close frame. */
import type { Server } from "./harness.ts";

export interface Cable extends AsyncDisposable {
  /** Reaches the server through the cable. */
  readonly server: Server;
  cut(): void;
  /** Cuts, and lets nobody through until plugIn(). */
  unplug(): void;
  plugIn(): void;
  /** Resolves when the next one is not let through. */
  refused(): Promise<void>;
}

export function layCable(server: Server): Cable {
  const { hostname, port } = new URL(server.origin);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends = new Set<Deno.TcpConn>();
  const pipes: Promise<void>[] = [];

  let isOut = false;
  let onrefused = () => {};

  const join = async (near: Deno.TcpConn) => {
    if (isOut) {
      onrefused();
      return closeQuietly(near);
    }
    ends.add(near);
    const far = await Deno.connect({ hostname, port: Number(port) }).catch(() => null);
    if (!far) return closeQuietly(near);
    ends.add(far);
    const closeBoth = () => [near, far].forEach(closeQuietly);
    pipes.push(
      near.readable.pipeTo(far.writable).catch(() => {}).then(closeBoth),
      far.readable.pipeTo(near.writable).catch(() => {}).then(closeBoth),
    );
  };
  const accepting = (async () => {
    for await (const near of listener) await join(near);
  })();

  const cut = () => ends.forEach(closeQuietly);
  return {
    server: { ...server, origin: `http://127.0.0.1:${listener.addr.port}` },
    cut,
    unplug: () => {
      isOut = true;
      cut();
    },
    plugIn: () => void (isOut = false),
    refused: () => new Promise((resolve) => onrefused = resolve),
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      cut();
      await Promise.all(pipes);
    },
  };
}

function closeQuietly(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch {
    // The other end was faster.
  }
}
