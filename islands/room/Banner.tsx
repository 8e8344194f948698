import type { ComponentChildren } from "preact";
import type { RoomState } from "./room_state.ts";

/** What has changed for everyone, and what can be done about it. */
export function Banner({ room }: { room: RoomState }) {
  const { state } = room.session;
  if (state === "closed") {
    return (
      <Notice
        title={room.isReplaced ? "This session goes on in another tab" : "You left this session"}
        text={STAYS}
      >
        {room.isHost
          ? <a class="button" href="/">Start a session</a>
          : <a class="button" href="">Come in again</a>}
      </Notice>
    );
  }
  if (state === "ended" && !room.isOver) {
    return (
      <Notice text="The link has ended, so nobody new can come in. Whoever is here stays connected." />
    );
  }
  if (state === "ended") {
    return (
      <Notice title="This session has ended" text={STAYS}>
        <a class="button" href="/">Start a session</a>
      </Notice>
    );
  }
  if (state === "reconnecting") {
    return (
      <Notice
        text={`${
          room.isHost
            ? "The line to Foyer is lost and being made again."
            : "The host is gone. If they do not come back, one of you takes over."
        } Whoever is here stays connected, but nobody new can come in until then.`}
      />
    );
  }
  return null;
}

const STAYS = "You can read the chat and save files until you close this page.";

interface NoticeProps {
  title?: string;
  text: string;
  children?: ComponentChildren;
}

function Notice({ title, text, children }: NoticeProps) {
  return (
    <div class="banner" role="alert">
      <div>
        {title && <h1>{title}</h1>}
        <p>{text}</p>
      </div>
      {children}
    </div>
  );
}
