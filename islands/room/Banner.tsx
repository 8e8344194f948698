import type { ComponentChildren } from "preact";
import type { RoomState } from "./room_state.ts";

/** What has changed for everyone, and what can be done about it. */
export function Banner({ room }: { room: RoomState }) {
  const { state } = room.session;
  if (state === "ended") {
    return (
      <Notice text="This session has ended. You can read the chat and save files until you close this page.">
        <a class="button" href="/">Start a session</a>
      </Notice>
    );
  }
  if (state === "closed") {
    return (
      <Notice text="You are no longer in this session. What is here stays until you close this page.">
        {room.isHost
          ? <a class="button" href="/">Start a session</a>
          : <a class="button" href="">Come in again</a>}
      </Notice>
    );
  }
  if (state === "reconnecting") {
    return (
      <Notice text="The line to Foyer is lost and being made again. Whoever is here stays connected; nobody new can come in until then." />
    );
  }
  if (room.hasHostLeft) {
    return (
      <Notice text="The host left. You stay connected to the others, but nobody new can come in. If the host is back, look for them by the same link.">
        <a class="button quiet" href="">Look for the host</a>
      </Notice>
    );
  }
  return null;
}

function Notice({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <div class="banner" role="alert">
      <p>{text}</p>
      {children}
    </div>
  );
}
