/** Ports of the loopback, and who is behind them. */
import { PATIENCE } from "../contract/harness.ts";

/** A port that nobody listens on just now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until there is any answer from `origin`, or until whoever should answer has `ended`. */
export async function untilAnswers(origin: string, ended: Promise<unknown>): Promise<void> {
  let hasEnded = false;
  ended.then(() => hasEnded = true);
  for (const end = Date.now() + PATIENCE; Date.now() < end && !hasEnded;) {
    const response = await fetch(origin).catch(() => null);
    await response?.body?.cancel();
    if (response) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nobody answers at ${origin}`);
}
