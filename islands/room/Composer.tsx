import { useState } from "preact/hooks";
import { Icon } from "./icons.tsx";
import { MAX_LINE } from "./messages.ts";
import type { RoomState } from "./room_state.ts";

/** Writing and sending. Enter sends, with Shift it makes a new line. */
export function Composer({ room }: { room: RoomState }) {
  const [text, setText] = useState("");
  const send = () => {
    room.say(text);
    setText("");
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="bare" title="Send a file, up to 100 MB">
        <input
          type="file"
          class="unseen"
          multiple
          aria-label="Send a file"
          onChange={({ currentTarget }) => {
            for (const file of currentTarget.files ?? []) room.sendFile(file);
            // The same file again is a change again.
            currentTarget.value = "";
          }}
        />
        <Icon name="clip" />
      </label>
      <textarea
        aria-label="Message"
        placeholder="Write to everyone"
        rows={1}
        maxLength={MAX_LINE}
        enterkeyhint="send"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
        onPaste={(event) => {
          const files = event.clipboardData?.files ?? [];
          for (const file of files) room.sendFile(file);
          if (files.length) event.preventDefault();
        }}
      />
      <button type="submit" class="round" disabled={!text.trim()}>
        <Icon name="send" />
        <span class="unseen">Send</span>
      </button>
    </form>
  );
}
