import type { Mesh } from "./mesh.ts";
import type { RoomState } from "./room_state.ts";

/** How it stands, in a few words. */
export function Status({ room, mesh }: { room: RoomState; mesh: Mesh }) {
  const [tone, words] = describeStatus(room, mesh);
  return <p class="status" role="status" data-tone={tone}>{words}</p>;
}

function describeStatus(room: RoomState, { people, isComplete }: Mesh): [string, string] {
  const { state } = room.session;
  if (state === "closed") return ["off", "Closed"];
  if (room.isOver) return ["off", "Session ended"];
  if (state === "reconnecting") return ["busy", "Reconnecting…"];
  if (people.length === 1) {
    return ["good", room.isHost ? "Waiting" : "Nobody else is here"];
  }
  const away = people.filter(({ isAway }) => isAway);
  if (away.length > 0) {
    return ["busy", away.length === 1 ? `${away[0].name} is away` : `${away.length} are away`];
  }
  const linked = people.filter(({ isLinked }) => isLinked).length;
  if (isComplete) return ["good", "All connected"];
  const others = people.length - 1;
  return ["busy", linked < others ? `Connecting ${linked} of ${others}` : "Connecting the others"];
}
