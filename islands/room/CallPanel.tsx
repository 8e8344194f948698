import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";
import type { Person } from "./mesh.ts";
import { initialsOf } from "./person_look.ts";
import type { RoomState } from "./room_state.ts";

/** The way into the call, or the call. */
export function CallPanel({ room, people }: { room: RoomState; people: readonly Person[] }) {
  const { call } = room;
  const there = people.filter(({ id }) => room.presenceOf(id));
  const others = there.filter(({ isMe }) => !isMe);
  if (!call.isIn) {
    return (
      <section class="panel call" aria-label="Call" data-call="out">
        <p>{describeCall(others)}</p>
        <button type="button" class={others.length ? "" : "quiet"} onClick={() => call.join()}>
          <Icon name="camera" />
          {others.length ? "Join the call" : "Start a call"}
        </button>
      </section>
    );
  }
  return (
    <section class="panel call" aria-label="Call" data-call="in">
      <ul class="tiles" aria-label="People in the call">
        {there.map((person) => <Tile key={person.id} room={room} person={person} />)}
      </ul>
      <div class="controls">
        <button
          type="button"
          class={call.hasMicrophone ? "" : "quiet"}
          aria-pressed={call.hasMicrophone}
          disabled={call.asking !== null}
          onClick={() => call.toggleMicrophone()}
        >
          <Icon name={call.hasMicrophone ? "microphone" : "muted"} />
          Microphone
        </button>
        <button
          type="button"
          class={call.hasCamera ? "" : "quiet"}
          aria-pressed={call.hasCamera}
          disabled={call.asking !== null}
          onClick={() => call.toggleCamera()}
        >
          <Icon name={call.hasCamera ? "camera" : "dark"} />
          Camera
        </button>
        <button type="button" class="danger" onClick={() => call.leave()}>
          Hang up
        </button>
      </div>
      <p class="outcome" role="status">
        {call.asking && `The browser asks whether this page may use your ${call.asking}.`}
        {call.problem && <span class="problem">{call.problem}</span>}
      </p>
    </section>
  );
}

function describeCall(others: readonly Person[]): string {
  if (others.length === 0) return "Nobody is in a call.";
  if (others.length === 1) return `${others[0].name} is in a call.`;
  return `${others.length} people are in a call.`;
}

function Tile({ room, person }: { room: RoomState; person: Person }) {
  const { id, name, isMe, tint } = person;
  const { camera, microphone } = room.presenceOf(id)!;
  const stream = isMe ? room.call.own : room.call.streamOf(id);
  const shown = isMe ? "You" : name;
  return (
    <li class={`tile ${tint}`} data-camera={camera} data-mine={isMe}>
      {stream && <Picture stream={stream} isMe={isMe} name={shown} />}
      {!camera && <span class="face" aria-hidden="true">{initialsOf(name)}</span>}
      <span class="caption">
        {shown}
        {!microphone && (
          <>
            <Icon name="muted" />
            <span class="unseen">, muted</span>
          </>
        )}
      </span>
    </li>
  );
}

/** Picture and sound of one person; one's own sound is not played. */
function Picture({ stream, isMe, name }: { stream: MediaStream; isMe: boolean; name: string }) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    video.current!.srcObject = stream;
  }, [stream]);
  return <video ref={video} autoplay playsInline muted={isMe} aria-label={`Video of ${name}`} />;
}
