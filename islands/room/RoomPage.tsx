import { useEffect, useState } from "preact/hooks";
import { Door } from "../pages/Door.tsx";
import { Banner } from "./Banner.tsx";
import { CallPanel } from "./CallPanel.tsx";
import { Composer } from "./Composer.tsx";
import { EndButton } from "./EndButton.tsx";
import { Icon } from "./icons.tsx";
import { Invite } from "./Invite.tsx";
import { MeshPicture } from "./MeshPicture.tsx";
import { PeopleList } from "./PeopleList.tsx";
import type { RoomState } from "./room_state.ts";
import { Status } from "./Status.tsx";
import { Timeline } from "./Timeline.tsx";

/** The content of `<main>` once this client is in a session. */
export function RoomPage({ room }: { room: RoomState }) {
  const { session, mesh, isOver } = room;
  const count = mesh.people.length;
  const [isDropping, setDropping] = useState(false);
  useEffect(() => {
    const title = count === 1 ? "Foyer" : `${count} here · Foyer`;
    document.title = room.unread ? `(${room.unread}) ${title}` : title;
  }, [count, room.unread]);
  return (
    <div
      class="house"
      data-peers={session.peers.size}
      data-mesh={mesh.isComplete ? "complete" : "building"}
      data-session-state={session.state}
      data-dropping={isDropping}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) setDropping(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        for (const file of event.dataTransfer?.files ?? []) room.sendFile(file);
      }}
    >
      <header class="bar">
        <span class="logo">
          <Door />
          <b>Foyer</b>
        </span>
        <Status room={room} mesh={mesh} />
        {!isOver && (
          <div class="ways-out">
            {room.isHost && <EndButton onend={() => session.end()} />}
            <button
              type="button"
              class="quiet"
              onClick={() => room.leave()}
            >
              <Icon name="leave" />
              Leave
            </button>
          </div>
        )}
      </header>
      <Banner room={room} />
      <div class="floor">
        {!isOver && (
          <div class="side">
            <section class="panel company" aria-labelledby="room-title">
              <h1 id="room-title" tabIndex={-1}>
                {count === 1 ? "Only you so far" : `${count} people here`}
              </h1>
              <MeshPicture mesh={mesh} />
              <PeopleList
                people={mesh.people}
                paths={room.paths}
                onrename={(name) => room.rename(name)}
                readWords={(peerId) => session.words(peerId)}
              />
            </section>
            {session.state !== "ended" && <Invite link={session.link} isAlone={count === 1} />}
          </div>
        )}
        <div class="talk">
          {!isOver && count > 1 && <CallPanel room={room} people={mesh.people} />}
          <section class="panel chat" aria-label="Chat and files">
            <Timeline room={room} />
            {!isOver && <Composer room={room} />}
          </section>
        </div>
      </div>
      {isDropping && <p class="drop" aria-hidden="true">Drop to send it to everyone</p>}
    </div>
  );
}
