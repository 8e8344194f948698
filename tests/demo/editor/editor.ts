/** A text that everybody with the link edits at once. `?server=` says where Foyer is. */
import { defaultKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { host, join, type Session } from "foyer-client";
import { shareDoc } from "foyer-client/yjs";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

const COLORS = ["#5b8def", "#e8766d", "#43b06a", "#d99a1c", "#a87be8", "#2fa7b5"];

const find = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const server = new URLSearchParams(location.search).get("server") ?? "http://localhost:8000";
const doc = new Y.Doc();
const awareness = new Awareness(doc);
const text = doc.getText("text");

awareness.on("change", showPeople);
const guest = `Guest ${doc.clientID % 100}`;
setUser(guest);
find<HTMLFormElement>("me").addEventListener("submit", (event) => event.preventDefault());
const field = find("me").querySelector("input")!;
field.placeholder = guest;
field.addEventListener("input", () => setUser(field.value.trim() || guest));

// The page that a link leads to has the invitation in its address.
const opening = location.hash.includes("foyer=")
  ? join(location.href)
  : host({ server, target: location.href });
opening.then(enter, (error) => find("state").textContent = `${error.message} (${error.code})`);

function enter(session: Session): void {
  shareDoc(session, doc, { awareness });
  showEditor();
  const showState = () =>
    find("state").textContent = session.state === "connected"
      ? session.peers.size ? "Everybody sees what you write." : "Send the link to somebody."
      : session.state === "reconnecting"
      ? "Nobody can join just now; trying again."
      : "The session is over. What you write stays here.";
  for (const type of ["peer", "leave", "state"]) session.addEventListener(type, showState);
  showState();
  const copy = find<HTMLButtonElement>("copy");
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(session.link);
    copy.textContent = "Copied";
    setTimeout(() => copy.textContent = "Copy link", 2_000);
  });
  copy.dataset.link = session.link;
}

function showEditor(): void {
  const undoManager = new Y.UndoManager(text);
  new EditorView({
    parent: find("editor"),
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        placeholder("Write something…"),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The text" }),
        yCollab(text, awareness, { undoManager }),
      ],
    }),
  }).focus();
}

function setUser(name: string): void {
  const color = COLORS[doc.clientID % COLORS.length];
  awareness.setLocalStateField("user", { name, color, colorLight: `${color}55` });
}

function showPeople(): void {
  const people = [...awareness.getStates()].map(([id, { user }]) => {
    const person = document.createElement("li");
    person.textContent = user?.name ?? "…";
    person.style.background = user?.color ?? "";
    person.classList.toggle("me", id === doc.clientID);
    return person;
  });
  find("people").replaceChildren(...people);
}
