/** The primary's socket: it comes back by itself until the server says that there is no way back. */
import type { CLOSE, Deposit, FromPrimary, FromServer } from "../protocol/wire.ts";

/** A socket on which the server has not said welcome in this time is lost, in milliseconds. */
const WELCOME_MS = 10_000;
/** The server says something every 20 seconds: a socket that is silent so long is dead half-way. */
const SILENCE_MS = 45_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

export type SocketEnd = "replaced" | "key-refused" | "superseded" | "ended";
/** The ends from which there is no way back, by their close codes. */
const ENDS: Record<(typeof CLOSE)["replaced" | "forbidden" | "superseded" | "ended"], SocketEnd> = {
  4001: "replaced",
  4003: "key-refused",
  4009: "superseded",
  4010: "ended",
};

export interface SocketEvents {
  /** Makes the first frame, on each return too, while the socket opens. */
  greet(): Promise<Deposit>;
  onframe(frame: FromServer): void;
  /** `failures`: how often in a row there was no welcome. */
  onlost(failures: number): void;
  onend(end: SocketEnd): void;
}

export interface PrimarySocket {
  /** False where the server has not taken the greeting: what is not sent, the next one makes good. */
  send(frame: FromPrimary): boolean;
  /** Opens a new socket now. */
  reopen(): void;
  close(): void;
}

/** @throws {DOMException} SyntaxError where no socket can be opened to `url`. */
export function openSocket(url: string, events: SocketEvents): PrimarySocket {
  let socket: WebSocket | undefined;
  let isWelcome = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const closing = new AbortController();
  reopen();
  addEventListener("online", hurry, closing);
  document.addEventListener("visibilitychange", hurry, closing);
  return { send, reopen, close };

  function send(frame: FromPrimary): boolean {
    if (isWelcome) socket!.send(JSON.stringify(frame));
    return isWelcome;
  }

  function close(): void {
    drop();
    closing.abort();
  }

  /** Something changed that may have been in the way. */
  function hurry(): void {
    if (!socket) reopen();
  }

  function reopen(): void {
    drop();
    const opening = socket = new WebSocket(url);
    timer = setTimeout(lose, WELCOME_MS);
    // Where it fails before the socket is open, onopen finds it so.
    const greeting = events.greet().catch(() => undefined);
    opening.onopen = async () => {
      const deposit = await greeting;
      if (opening !== socket) return;
      if (deposit) opening.send(JSON.stringify(deposit));
      else lose();
    };
    opening.onmessage = ({ data }) => opening === socket && receive(data);
    opening.onclose = ({ code }) => {
      if (opening !== socket) return;
      const end = ENDS[code as keyof typeof ENDS];
      if (!end) return lose();
      close();
      events.onend(end);
    };
  }

  function receive(data: string): void {
    const frame: FromServer = JSON.parse(data);
    if (frame.type === "welcome") {
      isWelcome = true;
      failures = 0;
    }
    clearTimeout(timer);
    timer = setTimeout(lose, SILENCE_MS);
    events.onframe(frame);
  }

  function lose(): void {
    drop();
    // Half of it by chance: when a server starts again, its primaries do not come all at once.
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
    timer = setTimeout(reopen, wait * (1 + Math.random()) / 2);
    events.onlost(failures);
  }

  function drop(): void {
    clearTimeout(timer);
    const dropped = socket;
    socket = undefined;
    isWelcome = false;
    dropped?.close();
  }
}
