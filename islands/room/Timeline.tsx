import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Lines } from "./Lines.tsx";
import type { RoomState } from "./room_state.ts";
import type { Entry } from "./timeline.ts";
import { TransferCard } from "./TransferCard.tsx";

/** Pixels from the end within which a reader counts as being at the end. */
const NEAR = 80;

/** What was said and sent, newest last. */
export function Timeline({ room }: { room: RoomState }) {
  const { entries } = room;
  const log = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const stayAtEnd = () => {
    if (isAtEnd.current) log.current!.scrollTop = log.current!.scrollHeight;
  };
  useLayoutEffect(stayAtEnd, [entries]);
  // A phone's keyboard takes half of the height.
  useEffect(() => {
    const sizes = new ResizeObserver(stayAtEnd);
    sizes.observe(log.current!);
    return () => sizes.disconnect();
  }, []);
  return (
    <div
      class="log"
      ref={log}
      role="log"
      aria-label="Chat"
      aria-relevant="additions"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
      }}
    >
      {entries.length === 0 && (
        <p class="empty">What you write and the files you send go straight to everyone here.</p>
      )}
      {entries.map((entry, i) => (
        <Row
          key={entry.key}
          entry={entry}
          room={room}
          isFollowUp={isFollowUp(entries[i - 1], entry)}
        />
      ))}
    </div>
  );
}

function Row({ entry, room, isFollowUp }: { entry: Entry; room: RoomState; isFollowUp: boolean }) {
  if (entry.kind === "note") return <p class="note">{entry.text}</p>;
  const isMine = room.isOwn(entry.from);
  const time = entry.at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return (
    <article class={`entry ${isMine ? "mine" : ""} ${isFollowUp ? "follow-up" : ""}`}>
      <header>
        <b class={room.tintOf(entry.from)}>{isMine ? "You" : entry.name}</b>{" "}
        <time dateTime={entry.at.toISOString()}>{time}</time>
      </header>
      {entry.kind === "line"
        ? <Lines text={entry.text} />
        : <TransferCard transfer={entry.transfer} room={room} />}
    </article>
  );
}

/** The same person goes on within a minute: no need to say who it is again. */
function isFollowUp(before: Entry | undefined, entry: Entry): boolean {
  return before !== undefined && before.kind !== "note" && entry.kind !== "note" &&
    before.from === entry.from && before.name === entry.name &&
    entry.at.getTime() - before.at.getTime() < 60_000;
}
