/** The fast path between isolates. It is lossy and may reach nobody: nothing may rest on it. */

export interface Hint {
  /** Says to `isolate`, wherever it is, that there is mail for `session`. */
  send(isolate: string, session: string): void;
  close(): void;
}

export function openHint(isolate: string, onHint: (session: string) => void): Hint {
  const channel = new BroadcastChannel("foyer");
  channel.onmessage = ({ data }: MessageEvent<{ isolate: string; session: string }>) => {
    if (data?.isolate === isolate) onHint(data.session);
  };
  let isOpen = true;
  return {
    send(isolate, session) {
      // Requests that are finished while the process ends have notes to leave, but no hints.
      if (!isOpen) return;
      try {
        channel.postMessage({ isolate, session });
      } catch {
        // In Deno 2.9 it throws where the last channel of a process was closed before this one was opened.
      }
    },
    close() {
      isOpen = false;
      channel.close();
    },
  };
}
