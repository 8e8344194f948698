/** A primary as the client is one: it comes back, deposits what is wanted, confirms what it got. */
import type { FromServer } from "../../lib/protocol/wire.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { until } from "../contract/harness.ts";
import { connect } from "../contract/primary.ts";

export interface Delivery {
  id: string;
  offer: string;
  answer: string;
}

export interface Habits {
  /** Where the next socket goes. */
  choose: () => { origin: string };
  /** How many offers it begins with; 4 unless told. */
  size?: number;
  /** Whether a return declares this offer, too. It does unless told. */
  declares?: (offer: string) => boolean;
  /** Whether it deposits more where more are wanted. It does unless told. */
  refills?: () => boolean;
  /** Whether it says that it has what it got. It does unless told. */
  confirms?: () => boolean;
}

/** Most offers in one frame. */
const MOST_DECLARED = 16;
/**
 * The codes by which the server says that there is no way back. "Replaced" is none of them here: an
 * earlier socket of ours may have been slower than a later one.
 */
const ENDS = [1000, 4003, 4010];

export class SteadyPrimary implements AsyncDisposable {
  readonly id = makeId();
  readonly key = makeId();
  /** Every answer as it came, again and again where it came so. */
  readonly deliveries: Delivery[] = [];
  /** The codes with which its sockets closed. */
  readonly closes: number[] = [];
  /** Offers that a return did not declare. */
  readonly dropped = new Set<string>();
  /** What the server said last of its counter. */
  status = { offers: 0, consumed: 0 };
  /** Whether it is welcome where it is just now. */
  isWelcome = false;
  /** Its offers that no answer has come for. */
  #live = new Set<string>();
  #made = 0;
  #socket: WebSocket | undefined;
  /** All that are not closed, the current one among them. */
  #sockets = new Set<WebSocket>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isEnding = false;
  #isClosed = false;

  constructor(private habits: Habits) {
    this.#make(habits.size ?? 4);
    this.comeBack();
  }

  get live(): string[] {
    return [...this.#live];
  }

  /** Whether every socket but the current one is closed. */
  get isAlone(): boolean {
    return this.#sockets.size === 1 && this.#sockets.has(this.#socket!);
  }

  /**
   * Opens a socket now, and declares what is live; what does not fit one frame is dropped. An old
   * socket that was welcome is left for the server to close, as one whose line is dead would be.
   */
  comeBack(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    if (!this.isWelcome) this.#socket?.close();
    const url = `${this.habits.choose().origin.replace("http", "ws")}/${this.id}`;
    const socket = this.#socket = new WebSocket(url);
    this.#sockets.add(socket);
    this.isWelcome = false;
    socket.onopen = () => {
      const declared = this.live.filter(this.habits.declares ?? (() => true));
      this.#keep(declared.slice(-MOST_DECLARED));
      if (this.#live.size === 0) this.#make(4);
      this.#send(socket, { connections: connect(this.live), key: this.key });
    };
    socket.onmessage = ({ data }) => this.#take(socket, JSON.parse(data));
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = ({ code }) => {
      this.closes.push(code);
      this.#sockets.delete(socket);
      if (socket !== this.#socket) return;
      const pause = this.isWelcome ? 5 : 50;
      this.isWelcome = false;
      if (!ENDS.includes(code)) this.#timer = setTimeout(() => this.comeBack(), pause);
    };
  }

  /** Ends the session; resolves when the server has taken that. */
  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.isWelcome) this.#send(this.#socket!, { type: "end" });
    await until(
      `the session to end after ${this.closes}`,
      () => Promise.resolve(this.closes.at(-1)),
      (code) => code === 1000 || code === 4010,
    );
    this.#isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#sockets].map((socket) =>
      new Promise<unknown>((resolve) => {
        socket.addEventListener("close", resolve);
        socket.close();
      })
    ));
  }

  #take(socket: WebSocket, frame: FromServer) {
    if (frame.type === "answers") {
      for (const delivery of frame.connections) {
        this.deliveries.push(delivery);
        this.#live.delete(delivery.offer);
      }
      const ids = frame.connections.map(({ id }) => id);
      if (this.habits.confirms?.() ?? true) this.#send(socket, { type: "received", ids });
    }
    // What an old socket says of the session is about its past.
    if (socket !== this.#socket) return;
    if (frame.type === "welcome") {
      this.isWelcome = true;
      if (this.#isEnding) this.#send(socket, { type: "end" });
    }
    if (frame.type === "status") this.status = frame;
    if (frame.type === "want" && (this.habits.refills?.() ?? true)) {
      this.#send(socket, { connections: connect(this.#make(frame.count)) });
    }
  }

  #keep(declared: string[]) {
    this.live.filter((offer) => !declared.includes(offer)).forEach((o) => this.dropped.add(o));
    this.#live = new Set(declared);
  }

  #make(count: number): string[] {
    const offers = Array.from({ length: count }, () => `offer ${++this.#made} of ${this.id}`);
    offers.forEach((offer) => this.#live.add(offer));
    return offers;
  }

  #send(socket: WebSocket, frame: object) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify("type" in frame ? frame : { sessionId: this.id, ...frame }));
  }
}
