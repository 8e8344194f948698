/** What a page of the Yjs tests runs; bundled by the test. */
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { host, join, type Session } from "../../lib/mesh/client_package.ts";
import { shareDoc } from "../../lib/mesh/yjs.ts";

const doc = new Y.Doc();
const awareness = new Awareness(doc);
const text = doc.getText("text");
const heard: unknown[] = [];

export interface Writing {
  session?: Session;
  /** What the application hears. */
  readonly heard: unknown[];
  host(server: string, name: string): Promise<string>;
  join(link: string, name: string): Promise<void>;
  /** Writes `letter` so often, and lets others write between. */
  write(letter: string, count: number): Promise<void>;
  read(): string;
  /** Who is seen here, in alphabetical order. */
  names(): string;
}

function enter(session: Session, name: string): void {
  writing.session = session;
  awareness.setLocalState({ name });
  shareDoc(session, doc, { awareness });
  session.addEventListener("message", ({ detail }) => heard.push(detail.data));
}

const writing: Writing = {
  heard,
  async host(server, name) {
    enter(await host({ server }), name);
    return writing.session!.link;
  },
  async join(link, name) {
    enter(await join(link), name);
  },
  async write(letter, count) {
    for (let i = 0; i < count; i++) {
      text.insert(i % (text.length + 1), letter);
      await new Promise((resolve) => setTimeout(resolve));
    }
  },
  read: () => text.toString(),
  names: () => [...awareness.getStates().values()].map(({ name }) => name).toSorted().join(" "),
};

Object.assign(globalThis, { writing });
