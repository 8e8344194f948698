/** TURN credentials end while a session goes on: the primary gets new ones, and passes them on. */
import type { Ice } from "../../protocol/upkeep.ts";
import type { IceServer } from "../../protocol/wire.ts";
import type { Mesh } from "../session.ts";
import { isPrimary } from "./succession.ts";

/** Until the primary looks again whether it got new ones, in milliseconds: half of a life is left. */
const LOOK_MS = 5_000;

export interface Renewal {
  /** The primary's word. */
  take(frame: Ice): void;
}

export function createRenewal(mesh: Mesh): Renewal {
  let current = mesh.role.getIceServers();
  const timer = setInterval(() => mesh.isOver ? clearInterval(timer) : look(), LOOK_MS);

  function look(): void {
    const iceServers = mesh.role.getIceServers();
    if (!isPrimary(mesh.role) || iceServers === current) return;
    renewLinks(iceServers);
    for (const link of mesh.peers.values()) link.sendControl({ type: "ice", iceServers });
  }

  function take({ iceServers }: Ice): void {
    const renewed = renew(mesh.role.getIceServers(), iceServers);
    mesh.role.getIceServers = () => renewed;
    renewLinks(iceServers);
  }

  /** They count when a link is repaired: a relay that is there keeps its place (RFC 8656 section 7). */
  function renewLinks(iceServers: IceServer[]): void {
    current = iceServers;
    for (const { connection } of mesh.peers.values()) {
      const before = connection.getConfiguration();
      const renewed = renew((before.iceServers ?? []) as IceServer[], iceServers);
      connection.setConfiguration({ ...before, iceServers: renewed });
    }
  }

  return { take };
}

/** The credentials of `news` for those of the `servers` that it knows: the application may have its own. */
function renew(servers: IceServer[], news: IceServer[]): IceServer[] {
  return servers.map((server) =>
    news.find(({ urls }) => nameServer(urls) === nameServer(server.urls)) ?? server
  );
}

// A browser gives one address back as a list of one.
const nameServer = (urls: string | string[]) => [urls].flat().join();
