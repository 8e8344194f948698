/** The primary's socket: it comes back by itself until the server says that there is no way back. */
import type { CLOSE, Deposit, FromPrimary, FromServer } from "../protocol/wire.ts";

/** A socket on which the server has not said welcome in this time is lost, in milliseconds. */
const WELCOME_MS = 10_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/** The ends from which there is no way back, by their close codes. */
export type SocketEnd = "replaced" | "key-refused" | "ended";
const ENDS: Record<(typeof CLOSE)["replaced" | "forbidden" | "ended"], SocketEnd> = {
  4001: "replaced",
  4003: "key-refused",
  4010: "ended",
};

export interface SocketEvents {
  /** The first frame, on each return too. Made while the socket opens. */
  greet(): Promise<Deposit>;
  onframe(frame: FromServer): void;
  /** `failures`: how often in a row there was no welcome. */
  onlost(failures: number): void;
  onend(code: SocketEnd): void;
}

export class PrimarySocket {
  #socket: WebSocket | undefined;
  #isWelcome = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #hurry = () => {
    if (!this.#socket && document.visibilityState === "visible") this.reopen();
  };

  /** @throws {DOMException} SyntaxError where no socket can be opened to `url`. */
  constructor(readonly url: string, readonly events: SocketEvents) {
    this.reopen();
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
  }

  /** Sends on a socket that was welcomed; what a lost one misses, the next greeting makes good. */
  send(frame: FromPrimary): void {
    if (this.#isWelcome) this.#socket!.send(JSON.stringify(frame));
  }

  close(): void {
    this.#drop();
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
  }

  /** Opens a new socket now. */
  reopen(): void {
    this.#drop();
    const socket = this.#socket = new WebSocket(this.url);
    this.#timer = setTimeout(() => this.#lose(), WELCOME_MS);
    const greeting = this.events.greet();
    // Where it fails before the socket is open, onopen finds it so.
    greeting.catch(() => {});
    socket.onopen = async () => {
      const deposit = await greeting.catch(() => undefined);
      if (socket !== this.#socket) return;
      if (deposit) socket.send(JSON.stringify(deposit));
      else this.#lose();
    };
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(data);
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      const end = ENDS[code as keyof typeof ENDS];
      if (!end) return this.#lose();
      this.close();
      this.events.onend(end);
    };
  }

  #receive(data: string): void {
    let frame: FromServer;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === "welcome") {
      this.#isWelcome = true;
      this.#failures = 0;
      clearTimeout(this.#timer);
    }
    this.events.onframe(frame);
  }

  #lose(): void {
    this.#drop();
    // Half of it by chance: when a server starts again, its primaries do not come all at once.
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.reopen(), wait * (1 + Math.random()) / 2);
    this.events.onlost(this.#failures);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isWelcome = false;
    socket?.close();
  }
}
