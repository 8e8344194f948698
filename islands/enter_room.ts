import type { Session, SessionEvents } from "../lib/mesh/client.ts";
import type * as room from "./room.tsx";

/** Loads the room, so that it is there when the handshake is done. */
export function loadRoom(root: HTMLElement): Promise<typeof room> {
  const room = import(root.dataset.room!);
  // Whoever enters hears of it; where nobody does, nothing is lost.
  room.catch(() => {});
  return room;
}

/** Shows the room in place of the page, with the messages that came before its code did. */
export async function enterRoom(
  root: HTMLElement,
  session: Session,
  room: ReturnType<typeof loadRoom>,
): Promise<void> {
  const early: SessionEvents["message"][] = [];
  const keep = (event: SessionEvents["message"]) => early.push(event);
  session.addEventListener("message", keep);
  const { mountRoom } = await room.catch((error) => {
    session.close();
    throw error;
  });
  session.removeEventListener("message", keep);
  mountRoom(root, session, early);
}
