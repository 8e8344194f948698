/** The room, in a bundle of its own: it loads while the handshake is under way. */
import { ICON } from "./icon.ts";
import { render } from "preact";
import type { Session, SessionEvents } from "../lib/mesh/client.ts";
import { JoinPage, type JoinState } from "./pages/JoinPage.tsx";
import css from "./room.css" with { type: "text" };
import { RoomPage } from "./room/RoomPage.tsx";
import { RoomState } from "./room/room_state.ts";

/** Shortest time between two drawings in milliseconds: files move faster than eyes. */
const FRAME_MS = 50;

/** Shows in `root` how far a joiner is; `code` says why it failed. */
export function drawJoin(root: HTMLElement, state: JoinState, code: string): void {
  render(<JoinPage state={state} code={code} />, root);
}

/** Shows the room of `session` in `root`, with the messages that came `early`, before this did. */
export function mountRoom(
  root: HTMLElement,
  session: Session,
  early: readonly SessionEvents["message"][] = [],
): void {
  const style = new CSSStyleSheet();
  style.replaceSync(css);
  document.adoptedStyleSheets.push(style);
  document.querySelector<HTMLLinkElement>("link[rel=icon]")!.href = ICON;

  // The page before was drawn by another copy of Preact, which goes with its element.
  const place = document.createElement("div");
  root.replaceChildren(place);

  let drawn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const draw = () => {
    timer = undefined;
    drawn = performance.now();
    render(<RoomPage room={room} />, place);
  };
  const room = new RoomState(session, () => {
    timer ??= setTimeout(draw, Math.max(0, drawn + FRAME_MS - performance.now()));
  });
  root.dataset.state = "connected";
  root.classList.add("room");
  for (const event of early) room.receive(event);
  draw();
  root.querySelector("h1")?.focus();
  addEventListener("visibilitychange", () => document.hidden || room.markRead());
  addEventListener("beforeunload", (event) => {
    if (room.isTransferring && !room.isOver) event.preventDefault();
  });
}
