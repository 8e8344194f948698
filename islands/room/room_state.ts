import type { Session, SessionEvents } from "../../lib/mesh/client.ts";
import { forgetSession } from "../kept_session.ts";
import { cleanLine } from "./clean_text.ts";
import { Call, type Presence } from "./call.ts";
import { drawMesh, type Mesh } from "./mesh.ts";
import { type Hello, MAX_FILE, MAX_LINE, readMessage } from "./messages.ts";
import { keepOwnName, MAX_NAME, readOwnName } from "./own_name.ts";
import { Paths } from "./paths.ts";
import { Tints } from "./person_look.ts";
import { type Entry, Timeline } from "./timeline.ts";
import { type Transfer, Transfers } from "./transfers.ts";

/** The room as its page shows it: a session's events in, `onchange` out. */
export class RoomState {
  readonly session: Session;
  readonly call: Call;
  readonly paths: Paths;
  readonly #onchange: () => void;
  readonly #hellos = new Map<string, Hello>();
  readonly #timeline = new Timeline();
  readonly #transfers: Transfers;
  readonly #tints = new Tints();
  readonly #started: ReadonlySet<string>;
  #name = readOwnName();
  #unread = 0;
  /** Ids this client had: one that comes back to another host may get a new one. */
  readonly #own = new Set<string>();
  #isReplaced = false;

  constructor(session: Session, onchange: () => void) {
    this.session = session;
    this.#onchange = onchange;
    this.#transfers = new Transfers(session, onchange);
    this.call = new Call(session, onchange, () => {
      this.#sayHello();
      onchange();
    });
    this.paths = new Paths(session, onchange);
    this.#started = new Set(session.peers.keys());
    session.addEventListener("message", (event) => this.receive(event));
    session.addEventListener("peer", () => this.#meet());
    session.addEventListener("leave", ({ detail }) => this.#part(detail.peerId));
    session.addEventListener("away", onchange);
    session.addEventListener("back", onchange);
    session.addEventListener("primary", () => this.#greetHost());
    session.addEventListener("state", ({ detail }) => this.#follow(detail.code));
    this.#sayHello(true);
  }

  get name(): string {
    return this.#name;
  }

  get entries(): readonly Entry[] {
    return this.#timeline.entries;
  }

  /** Lines and files that came while nobody looked. */
  get unread(): number {
    return this.#unread;
  }

  get isHost(): boolean {
    return this.session.primary === this.session.self;
  }

  /** Whether a line or file of `peerId` is this client's own. */
  isOwn(peerId: string): boolean {
    return this.#own.has(peerId);
  }

  /** Nothing can be sent any more. A session that has ended may still connect those who are here. */
  get isOver(): boolean {
    const { state, peers } = this.session;
    return state === "closed" || state === "ended" && peers.size === 0;
  }

  /** Another tab came with the key and is the host now. */
  get isReplaced(): boolean {
    return this.#isReplaced;
  }

  get isTransferring(): boolean {
    return this.#transfers.isBusy;
  }

  get mesh(): Mesh {
    const { self, primary, peers } = this.session;
    const ids = [...peers.keys()];
    return drawMesh({
      self,
      primary,
      name: this.#name,
      open: new Set(ids.filter((id) => peers.get(id)!.state === "open")),
      away: new Set(ids.filter((id) => peers.get(id)!.state === "away")),
      hellos: this.#hellos,
      tints: this.#tints,
    });
  }

  /** The class of a person's colour, also of one who left. */
  tintOf(peerId: string): string {
    return this.#tints.of(peerId);
  }

  /** What a person sends to the call; undefined where they are not in it. */
  presenceOf(peerId: string): Presence | undefined {
    if (peerId === this.session.self) return this.call.presence ?? undefined;
    return this.#hellos.get(peerId)?.call;
  }

  rename(name: string): void {
    const clean = cleanLine(name, MAX_NAME);
    if (clean && clean !== this.#name) {
      this.#name = clean;
      keepOwnName(clean);
      this.#sayHello();
    }
    this.#onchange();
  }

  say(text: string): void {
    const line = text.trim().slice(0, MAX_LINE);
    if (!line || this.isOver) return;
    const { self, peers } = this.session;
    this.#own.add(self);
    this.#timeline.add({ kind: "line", from: self, name: this.#name, text: line });
    if (peers.size === 0) this.note("Nobody else is here to read that yet.");
    this.session.broadcast(line).catch(() => this.note("That did not reach everybody."));
    this.#onchange();
  }

  sendFile(source: File): void {
    // Only people with a room can take files; other software just gets the lines.
    const peers = [...this.session.peers.keys()].filter((id) => this.#hellos.has(id));
    if (this.isOver) return;
    if (source.size > MAX_FILE) {
      this.note(`“${source.name}” is too large: a file can have up to 100 MB.`);
    } else if (peers.length === 0) {
      this.note(`Nobody is here yet to take “${source.name}”.`);
    } else {
      const transfer = this.#transfers.send(source, peers);
      this.#own.add(this.session.self);
      this.#timeline.add({ kind: "file", from: this.session.self, name: this.#name, transfer });
    }
    this.#onchange();
  }

  stopTransfer(transfer: Transfer): void {
    if (transfer.state === "moving") this.#transfers.stop(transfer);
    else if (transfer.kind === "receiving") this.#transfers.drop(transfer, "stopped");
  }

  /** Leaves for good: the host's tab does not come back to it by itself. */
  leave(): void {
    forgetSession();
    this.session.close();
  }

  /** Somebody looks at the page. */
  markRead(): void {
    this.#unread = 0;
    this.#onchange();
  }

  note(text: string): void {
    this.#timeline.add({ kind: "note", text });
    this.#onchange();
  }

  /** Takes a `message` event of the session. */
  receive({ detail: { peerId, data } }: SessionEvents["message"]): void {
    if (typeof data === "string") this.#hear(peerId, data);
    else if (data instanceof ArrayBuffer) this.#transfers.takePiece(peerId, data);
    else this.#read(peerId, data);
  }

  #read(peerId: string, data: unknown): void {
    const message = readMessage(data);
    if (message?.type === "hello") this.#greet(peerId, message);
    else if (message?.type === "file") {
      const transfer = this.#transfers.receive(peerId, message);
      const name = this.#nameOf(peerId);
      if (transfer) {
        this.#timeline.add({ kind: "file", from: peerId, name, transfer });
        this.#count();
      } else this.note(`${name} offered a file that is more than this page can hold.`);
    } else if (message) this.#transfers.takeMark(peerId, message);
    this.#onchange();
  }

  #hear(peerId: string, text: string): void {
    const line = text.slice(0, MAX_LINE).trim();
    if (!line) return;
    this.#timeline.add({ kind: "line", from: peerId, name: this.#nameOf(peerId), text: line });
    this.#count();
    this.#onchange();
  }

  #greet(peerId: string, hello: Hello): void {
    const name = cleanLine(hello.name, MAX_NAME) || "Someone";
    const before = this.#hellos.get(peerId);
    this.#hellos.set(peerId, { ...hello, name });
    if (hello.ask) this.#tell(peerId);
    if (!before) this.note(`${name} ${this.#started.has(peerId) ? "is here" : "came in"}.`);
    if (hello.call && !before?.call) this.note(`${name} is in the call.`);
    if (!hello.call && before?.call) this.note(`${name} left the call.`);
  }

  #meet(): void {
    this.#sayHello();
    this.#onchange();
  }

  #greetHost(): void {
    const name = this.#hellos.get(this.session.primary)?.name;
    if (this.isHost) this.note("You are the host now.");
    else if (name) this.note(`${name} is the host now.`);
    this.#onchange();
  }

  #part(peerId: string): void {
    const { state } = this.session;
    const name = this.#nameOf(peerId);
    this.#hellos.delete(peerId);
    this.#transfers.forgetPeer(peerId);
    this.call.forgetPeer(peerId);
    this.#tints.keepOnly(this.#listSeen());
    if (state === "connected" || state === "reconnecting") this.note(`${name} left.`);
    this.#sayHello();
    this.#onchange();
  }

  #follow(code?: string): void {
    this.#isReplaced ||= code === "replaced";
    // Left alone where the page only closes: a host's tab that is loaded again comes back.
    if (this.#isReplaced || this.session.state === "ended") forgetSession();
    if (this.isOver) {
      for (const peerId of this.#hellos.keys()) this.#transfers.forgetPeer(peerId);
      this.#hellos.clear();
      if (this.call.isIn) this.call.leave();
    }
    this.#onchange();
  }

  /** Everybody who is here or has said something that can still be read. */
  #listSeen(): Set<string> {
    const authors = this.entries.flatMap((entry) => entry.kind === "note" ? [] : [entry.from]);
    return new Set([...this.mesh.people.map(({ id }) => id), ...authors]);
  }

  #count(): void {
    if (document.hidden) this.#unread++;
  }

  #nameOf(peerId: string): string {
    return this.#hellos.get(peerId)?.name ?? "Someone";
  }

  #sayHello(ask?: boolean): void {
    // Whoever left meanwhile needs no hello.
    this.session.broadcast(this.#makeHello(ask)).catch(() => {});
  }

  #tell(peerId: string): void {
    // Somebody who left meanwhile needs no hello.
    this.session.send(peerId, this.#makeHello()).catch(() => {});
  }

  #makeHello(ask?: boolean): Hello {
    const peers = [...this.session.peers.keys()];
    const call = this.call.presence;
    return { type: "hello", name: this.#name, peers, ...(ask && { ask }), ...(call && { call }) };
  }
}
