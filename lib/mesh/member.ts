/** What a member that is not the primary does until its second file is there (introduced.ts). */
import type { IceServer } from "../protocol/wire.ts";
import type { Link } from "./link.ts";
import type { Role } from "./session.ts";

/** How long a description in the mesh waits for more candidates, in milliseconds. */
export const GATHERING_CAP = 400;

export function createMember(iceServers: IceServer[]): Role {
  const opening = new Map<string, Link>();

  function leave(): void {
    for (const link of opening.values()) link.close();
  }

  return { leave, opening, getIceServers: () => iceServers };
}
