import { formatBytes } from "./format_bytes.ts";
import { Icon } from "./icons.tsx";
import type { RoomState } from "./room_state.ts";
import { measureTransfer, type Transfer } from "./transfers.ts";

/** A file on its way or here. */
export function TransferCard({ transfer, room }: { transfer: Transfer; room: RoomState }) {
  const { name, size, state, kind } = transfer;
  const url = transfer.kind === "receiving" ? transfer.url : null;
  const verb = kind === "sending" ? "Sending" : "Receiving";
  return (
    <div class="file" data-transfer={kind} data-transfer-state={state}>
      <Icon name="file" />
      <div class="about">
        {url ? <a href={url} download={name}>{name}</a> : <span>{name}</span>}
        <small>{describe(transfer)} · {formatBytes(size)}</small>
        {state === "moving" && (
          <progress value={measureTransfer(transfer)} aria-label={`${verb} ${name}`} />
        )}
      </div>
      {(state === "moving" || url) && (
        <button
          type="button"
          class="bare"
          onClick={() => room.stopTransfer(transfer)}
        >
          <Icon name="close" />
          <span class="unseen">{state === "moving" ? `Stop ${name}` : `Remove ${name}`}</span>
        </button>
      )}
    </div>
  );
}

function describe(transfer: Transfer): string {
  const percent = `${Math.floor(measureTransfer(transfer) * 100)} %`;
  if (transfer.kind === "receiving") {
    if (transfer.state === "done") return "Ready to save";
    return transfer.state === "moving"
      ? percent
      : transfer.state === "lost"
      ? "Broken off"
      : "Removed";
  }
  const arrived = [...transfer.takers.values()].filter(({ hasAll }) => hasAll).length;
  switch (transfer.state) {
    case "moving":
      return transfer.takers.size > 1
        ? `${percent}, ${arrived} of ${transfer.takers.size} have it`
        : percent;
    case "done":
      return arrived === 1 ? "Sent to 1 person" : `Sent to ${arrived} people`;
    case "lost":
      return "Nobody took it";
    case "stopped":
      return "Stopped";
  }
}
