/** A primary that plays by hand: it sends frames and awaits the next one of a type. */
import type {
  Answers,
  FromServer,
  Ice,
  Status,
  Want,
  Welcome,
  WireError,
} from "../../lib/protocol/wire.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { type Server, within } from "./harness.ts";

type Frames = {
  welcome: Welcome;
  answers: Answers;
  want: Want;
  status: Status;
  ice: Ice;
  error: WireError;
};
/** Deno's WebSocket takes headers; the browser's type, which is in scope here, does not know. */
type WebSocketWithHeaders = new (
  url: URL,
  options: { headers: Record<string, string> },
) => WebSocket;

export interface Declaration {
  sessionId: string;
  offers: string[];
  key?: string;
  target?: string;
  succession?: string;
  takeOver?: { succession: string; term: number };
}

export class Primary implements AsyncDisposable {
  /** Every frame that came, in order. */
  readonly frames: FromServer[] = [];
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;
  readonly #closed: Promise<CloseEvent>;
  /** The frames that no `next()` has taken. */
  #pending: FromServer[] = [];
  #arrival = Promise.withResolvers<void>();

  constructor(readonly server: Server, path: string, headers: Record<string, string> = {}) {
    const url = new URL(path, server.origin.replace("http", "ws") + "/");
    this.#socket = new (WebSocket as unknown as WebSocketWithHeaders)(url, { headers });
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<CloseEvent>();
    this.#socket.onopen = () => opened.resolve();
    this.#socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data) as FromServer;
      this.frames.push(frame);
      this.#pending.push(frame);
      this.#wake();
    };
    this.#socket.onclose = (event) => {
      closed.resolve(event);
      opened.reject(new Error(`the socket closed before it opened (${event.code})`));
      this.#wake();
    };
    // A socket that the server dropped says so by an error before its close.
    this.#socket.onerror = (event) => event.preventDefault();
    opened.promise.catch(() => {});
    this.#opened = opened.promise;
    this.#closed = closed.promise;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  opened(): Promise<void> {
    return within("the socket to open", this.#opened);
  }

  /** Sends a string or bytes as they are, anything else as JSON. */
  async send(frame: string | Uint8Array<ArrayBuffer> | object): Promise<void> {
    await this.opened();
    const raw = typeof frame === "string" || frame instanceof Uint8Array;
    this.#socket.send(raw ? frame : JSON.stringify(frame));
  }

  deposit({ sessionId, offers, ...rest }: Declaration): Promise<void> {
    return this.send({ sessionId, connections: connect(offers), ...rest });
  }

  /** The next frame of `type` (that `fits`); the frames before it stay for others to take. */
  next<T extends keyof Frames>(
    type: T,
    fits: (frame: Frames[T]) => boolean = () => true,
    ms?: number,
  ): Promise<Frames[T]> {
    return this.#await<Frames[T]>(
      `"${type}"`,
      (frame) => frame.type === type && fits(frame as Frames[T]),
      ms,
    );
  }

  /** What the server makes of what it got: "welcome", "error" or the code of its close. */
  async verdict(): Promise<"welcome" | "error" | number> {
    const end = await within(
      "a welcome, an error or a close",
      this.#take(({ type }) => type === "welcome" || type === "error"),
    );
    if (end instanceof CloseEvent) return end.code;
    return end.type as "welcome" | "error";
  }

  /** The next frame "status" that says `consumed` of `offers`. */
  status(offers: number, consumed: number): Promise<Status> {
    return this.next("status", (f) => f.offers === offers && f.consumed === consumed);
  }

  /** The next `count` different answers, in the order they came. */
  async answers(count: number): Promise<Answers["connections"]> {
    const taken = new Map<string, Answers["connections"][number]>();
    while (taken.size < count) {
      const { connections } = await this.next("answers");
      for (const connection of connections) taken.set(connection.id, connection);
    }
    return [...taken.values()];
  }

  closed(ms?: number): Promise<CloseEvent> {
    return within("the socket to close", this.#closed, ms);
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.closed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #await<F extends FromServer>(
    what: string,
    fits: (frame: FromServer) => boolean,
    ms?: number,
  ): Promise<F> {
    const came = () => `these came: ${clip(this.frames)}`;
    const taken = await within(`a fitting frame ${what}`, this.#take(fits), ms)
      .catch((cause) => {
        throw new Error(`${cause.message}; ${came()}`, { cause });
      });
    if (taken instanceof CloseEvent) {
      throw new Error(
        `the socket closed (${taken.code} ${taken.reason}) before ${what}; ${came()}`,
      );
    }
    return taken as F;
  }

  async #take(fits: (frame: FromServer) => boolean): Promise<FromServer | CloseEvent> {
    while (true) {
      const at = this.#pending.findIndex(fits);
      if (at >= 0) return this.#pending.splice(at, 1)[0];
      if (this.#socket.readyState === WebSocket.CLOSED) return await this.#closed;
      await this.#arrival.promise;
    }
  }

  #wake(): void {
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }
}

/** A session with these offers, its primary welcomed and its counter told. */
export async function startSession(
  server: Server,
  {
    sessionId = makeId(),
    offers = ["offer 1", "offer 2", "offer 3", "offer 4"],
    ...rest
  }: Partial<Declaration> = {},
): Promise<Session> {
  const primary = new Primary(server, sessionId);
  await primary.deposit({ sessionId, offers, ...rest });
  const welcome = await primary.next("welcome").catch(async (cause) => {
    await primary.close();
    throw cause;
  });
  return {
    server,
    id: sessionId,
    key: welcome.key,
    offers,
    primary,
    welcome,
    [Symbol.asyncDispose]: () => primary.close(),
  };
}

export interface Session extends AsyncDisposable {
  server: Server;
  id: string;
  key: string;
  offers: string[];
  primary: Primary;
  welcome: Welcome;
}

/** The primary comes back with a new socket, declaring `offers` as all that are live now. */
export async function comeBack(
  { server, id, key }: { server: Server; id: string; key: string },
  offers: string[],
  words: Partial<Declaration> = {},
): Promise<Primary> {
  const primary = new Primary(server, id);
  await primary.deposit({ sessionId: id, offers, key, ...words });
  return primary;
}

export function connect(offers: string[]): { offer: string; answer: null }[] {
  return offers.map((offer) => ({ offer, answer: null }));
}

function clip(frames: FromServer[]): string {
  const text = JSON.stringify(frames);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
