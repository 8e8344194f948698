/** Plays a primary as Foyer's client does, with descriptions that nobody looks into. */
import { makeId } from "../../../lib/protocol/ids.ts";
import type { Deposit, FromPrimary, FromServer } from "../../../lib/protocol/wire.ts";
import { makeDescription, nameDescription } from "./descriptions.ts";
import { openSocket } from "./sockets.ts";

/** As the seed has it. */
const FIRST_OFFERS = 4;

export class FoyerPrimary {
  /** Who waits for an answer to arrive, by the answer's name. */
  readonly #waiting = new Map<string, (at: number) => void>();

  private constructor(readonly id: string, private readonly socket: WebSocket) {}

  /** Resolves when the server has welcomed it. */
  static async open(origin: string): Promise<FoyerPrimary> {
    const id = makeId();
    const socket = await openSocket(`${origin.replace("http", "ws")}/${id}`);
    const primary = new FoyerPrimary(id, socket);
    const welcomed = new Promise<void>((resolve, reject) => {
      socket.onmessage = ({ data }) => primary.#take(data, performance.now(), resolve);
      socket.onclose = ({ code, reason }) => reject(new Error(`closed: ${code} ${reason}`));
    });
    primary.#deposit(FIRST_OFFERS);
    await welcomed;
    socket.onclose = ({ code, reason }) => {
      if (primary.#waiting.size > 0) throw new Error(`a primary is cut: ${code} ${reason}`);
    };
    return primary;
  }

  /** When `answer` arrives here, by `performance.now()`. Once for each answer. */
  receive(answer: string): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(nameDescription(answer), resolve));
  }

  #take(data: string, at: number, onwelcome: () => void): void {
    const frame = JSON.parse(data) as FromServer;
    if (frame.type === "answers") {
      for (const { answer } of frame.connections) {
        const name = nameDescription(answer);
        this.#waiting.get(name)?.(at);
        this.#waiting.delete(name);
      }
      this.#send({ type: "received", ids: frame.connections.map(({ id }) => id) });
    } else if (frame.type === "want") this.#deposit(frame.count);
    else if (frame.type === "welcome") onwelcome();
    else if (frame.type === "error") throw new Error(`a primary is told: ${data}`);
  }

  #deposit(count: number): void {
    const offers = Array.from({ length: count }, makeDescription);
    const connections = offers.map((offer) => ({ offer, answer: null }));
    this.#send({ sessionId: this.id, connections } satisfies Deposit);
  }

  #send(frame: FromPrimary): void {
    this.socket.send(JSON.stringify(frame));
  }
}
