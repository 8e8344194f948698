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

/** Most offers in one frame. */
const MOST_DECLARED = 16;
/** The codes by which the server says that there is no way back. */
const ENDS = [1000, 4001, 4003, 4010];

export class SteadyPrimary implements AsyncDisposable {
  readonly id = makeId();
  readonly key = makeId();
  /** Every answer as it came, again and again where it came so. */
  readonly deliveries: Delivery[] = [];
  /** The codes with which its sockets closed. */
  readonly closes: number[] = [];
  /** What the server said last of its counter. */
  status = { offers: 0, consumed: 0 };
  /** Its offers that no answer has come for. */
  #live = new Set<string>();
  #made = 0;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** `choose` says where the next socket goes; with its first one it deposits `size` offers. */
  constructor(private choose: () => { origin: string }, size = 4) {
    this.#make(size);
    this.comeBack();
  }

  get live(): string[] {
    return [...this.#live];
  }

  /** Opens a socket now, and declares what is live; what does not fit one frame is dropped. */
  comeBack(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const url = `${this.choose().origin.replace("http", "ws")}/${this.id}`;
    const socket = this.#socket = new WebSocket(url);
    let isWelcome = false;
    socket.onopen = () => {
      this.#live = new Set(this.live.slice(-MOST_DECLARED));
      if (this.#live.size === 0) this.#make(4);
      this.#send(socket, { connections: connect(this.live), key: this.key });
    };
    socket.onmessage = ({ data }) => {
      const frame: FromServer = JSON.parse(data);
      if (frame.type === "welcome") isWelcome = true;
      this.#take(socket, frame);
    };
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = ({ code }) => {
      this.closes.push(code);
      if (socket !== this.#socket || ENDS.includes(code)) return;
      this.#timer = setTimeout(() => this.comeBack(), isWelcome ? 5 : 50);
    };
  }

  /** Ends the session; resolves when the server has taken that. */
  async end(): Promise<void> {
    await until(
      "the session to end",
      () => {
        if (this.#socket?.readyState === WebSocket.OPEN) this.#send(this.#socket, { type: "end" });
        return Promise.resolve(this.closes.at(-1));
      },
      (code) => code === 1000 || code === 4010,
    );
    this.#isClosed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<unknown>((resolve) => {
      socket.addEventListener("close", resolve);
      socket.close();
    });
  }

  #take(socket: WebSocket, frame: FromServer) {
    if (frame.type === "status") this.status = frame;
    if (frame.type === "want") {
      this.#send(socket, { connections: connect(this.#make(frame.count)) });
    }
    if (frame.type !== "answers") return;
    for (const delivery of frame.connections) {
      this.deliveries.push(delivery);
      this.#live.delete(delivery.offer);
    }
    this.#send(socket, { type: "received", ids: frame.connections.map(({ id }) => id) });
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
