/**
 * Resolves after `ms` milliseconds.
 * @throws the reason of `signal` when it aborts first.
 */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return within(ms, new Promise<never>(() => {}), signal);
}

/**
 * The value of `promise`, or undefined when `ms` milliseconds pass first.
 * @throws the reason of `signal` when it aborts first.
 */
export async function within<T>(
  ms: number,
  promise: Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  signal?.throwIfAborted();
  const { promise: limit, resolve, reject } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms);
  const abort = () => reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
