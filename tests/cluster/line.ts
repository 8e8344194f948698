/** A TCP line between a client and a server that can be slow, or dead without either end noticing. */

export interface Line extends AsyncDisposable {
  /** Reaches the far end through the line. */
  readonly origin: string;
  /** From now on every piece arrives this many milliseconds late. */
  slowDown(milliseconds: number): void;
  /** From now on nothing gets through and nothing is closed: what is sent waits. */
  stall(): void;
  /** How many pieces wait because of that. */
  readonly waiting: number;
  resume(): void;
}

/** Lays a line to `target` (an origin). */
export function layLine(target: string): Line {
  const { hostname, port } = new URL(target);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ends = new Set<Deno.TcpConn>();
  const pipes: Promise<void>[] = [];
  const torn = new AbortController();
  let lateness = 0;
  let stalled: PromiseWithResolvers<void> | null = null;
  let waiting = 0;

  const accepting = (async () => {
    for await (const near of listener) pipes.push(join(near));
  })();

  async function join(near: Deno.TcpConn) {
    ends.add(near);
    await stalled?.promise;
    const far = await Deno.connect({ hostname, port: Number(port) }).catch(() => null);
    if (far) {
      ends.add(far);
      await Promise.race([pipe(near, far), pipe(far, near)]);
      closeQuietly(far);
      ends.delete(far);
    }
    closeQuietly(near);
    ends.delete(near);
  }

  async function pipe(from: Deno.TcpConn, to: Deno.TcpConn) {
    const buffer = new Uint8Array(65_536);
    try {
      for (let size; (size = await from.read(buffer)) !== null;) {
        const piece = buffer.slice(0, size);
        if (lateness > 0) await wait(lateness, torn.signal);
        waiting++;
        while (stalled && !torn.signal.aborted) await stalled.promise;
        waiting--;
        for (let at = 0; at < size;) at += await to.write(piece.subarray(at));
      }
    } catch {
      // One end has closed.
    }
  }

  function resume() {
    stalled?.resolve();
    stalled = null;
  }

  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    slowDown: (milliseconds) => lateness = milliseconds,
    get waiting() {
      return waiting;
    },
    stall: () => stalled ??= Promise.withResolvers(),
    resume,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      torn.abort();
      resume();
      ends.forEach(closeQuietly);
      await Promise.all(pipes);
    },
  };
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener("abort", finish);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    }
  });
}

function closeQuietly(end: Deno.TcpConn) {
  try {
    end.close();
  } catch {
    // The other end was faster.
  }
}
