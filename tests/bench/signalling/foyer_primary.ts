/** Plays a primary as Foyer's client does, with descriptions that nobody looks into. */
import { makeId } from "../../../lib/protocol/ids.ts";
import type { Deposit, FromPrimary, FromServer } from "../../../lib/protocol/wire.ts";
import { makeDescription, nameDescription } from "./descriptions.ts";
import { Socket } from "./socket.ts";

/** As the seed has it. */
const FIRST_OFFERS = 4;

export class FoyerPrimary {
  readonly id = makeId();
  readonly #welcomed = Promise.withResolvers<void>();
  /** Who waits for an answer to arrive, by the answer's name. */
  readonly #waiting = new Map<string, PromiseWithResolvers<number>>();
  #socket!: Socket;

  private constructor() {}

  /** Resolves when the server has welcomed it. */
  static async open(origin: string): Promise<FoyerPrimary> {
    const primary = new FoyerPrimary();
    primary.#socket = await Socket.open(
      `${origin.replace("http", "ws")}/${primary.id}`,
      (text) => primary.#take(text, performance.now()),
      (reason) => primary.#fail(new Error(`a primary lost its socket: ${reason}`)),
    );
    primary.#deposit(FIRST_OFFERS);
    await primary.#welcomed.promise;
    return primary;
  }

  /** When `answer` arrives here, by `performance.now()`. Once for each answer. */
  receive(answer: string): Promise<number> {
    const arrival = Promise.withResolvers<number>();
    this.#waiting.set(nameDescription(answer), arrival);
    return arrival.promise;
  }

  /** Ends the session, so that it burdens nobody who comes later. */
  end(): void {
    this.#send({ type: "end" });
  }

  /** As a lost connection does. */
  close(): void {
    this.#socket.close();
  }

  #take(text: string, at: number): void {
    const frame = JSON.parse(text) as FromServer;
    if (frame.type === "answers") {
      for (const { answer } of frame.connections) {
        const name = nameDescription(answer);
        this.#waiting.get(name)?.resolve(at);
        this.#waiting.delete(name);
      }
      this.#send({ type: "received", ids: frame.connections.map(({ id }) => id) });
    } else if (frame.type === "want") this.#deposit(frame.count);
    else if (frame.type === "welcome") this.#welcomed.resolve();
    else if (frame.type === "error") this.#fail(new Error(`a primary is told: ${text}`));
  }

  #fail(error: Error): void {
    this.#socket.close();
    this.#welcomed.reject(error);
    for (const arrival of this.#waiting.values()) arrival.reject(error);
  }

  #deposit(count: number): void {
    const offers = Array.from({ length: count }, makeDescription);
    const connections = offers.map((offer) => ({ offer, answer: null }));
    this.#send({ sessionId: this.id, connections } satisfies Deposit);
  }

  #send(frame: FromPrimary): void {
    this.#socket.send(JSON.stringify(frame));
  }
}
