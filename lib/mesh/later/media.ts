/**
 * Tracks for the whole mesh: those who are here, and those who come later. Each link is negotiated
 * anew over its own data channel (negotiation.ts); the server hears nothing of it.
 */
import { FoyerError } from "../errors.ts";
import type { Link } from "../link.ts";
import type { Mesh } from "../session.ts";

/** A track that a peer sends. When it stops sending, each of the `streams` says `removetrack`. */
export interface PeerTrack {
  peerId: string;
  track: MediaStreamTrack;
  streams: readonly MediaStream[];
}

export interface Media {
  /** @throws {FoyerError} `closed` */
  add(track: MediaStreamTrack, streams: MediaStream[]): void;
  remove(track: MediaStreamTrack): void;
}

export function createMedia(mesh: Mesh): Media {
  const tracks = new Map<MediaStreamTrack, MediaStream[]>();
  const attended = new WeakSet<Link>();
  for (const link of mesh.peers.values()) attendTo(link);
  for (const type of ["peer", "back"]) {
    mesh.addEventListener(type, (event) => {
      attendTo(mesh.peers.get((event as CustomEvent<{ peerId: string }>).detail.peerId)!);
    });
  }

  function attendTo(link: Link): void {
    // A peer that comes back may have the link that it had.
    if (attended.has(link)) return;
    attended.add(link);
    link.connection.addEventListener("track", async ({ track, streams }) => {
      await mesh.heard.promise;
      mesh.emit("track", { peerId: link.id, track, streams });
    });
    for (const [track, streams] of tracks) give(link, track, streams);
  }

  function add(track: MediaStreamTrack, streams: MediaStream[]): void {
    if (mesh.isOver) throw new FoyerError("closed", "The session is closed");
    if (tracks.has(track)) return;
    tracks.set(track, streams);
    for (const link of mesh.peers.values()) give(link, track, streams);
  }

  function remove(track: MediaStreamTrack): void {
    tracks.delete(track);
    for (const { connection } of mesh.peers.values()) take(connection, track);
  }

  async function give(
    { connection }: Link,
    track: MediaStreamTrack,
    streams: MediaStream[],
  ): Promise<void> {
    // A place that was used before is not used again by addTrack(): each camera that goes and
    // comes would make the descriptions longer.
    const place = connection.getTransceivers().find(({ sender, receiver, direction }) =>
      !sender.track && receiver.track.kind === track.kind && /^(recvonly|inactive)$/.test(direction)
    );
    if (!place) return void connection.addTrack(track, ...streams);
    place.direction = place.direction === "recvonly" ? "sendrecv" : "sendonly";
    place.sender.setStreams(...streams);
    await place.sender.replaceTrack(track);
    if (!tracks.has(track)) take(connection, track);
  }

  function take(connection: RTCPeerConnection, track: MediaStreamTrack): void {
    const sender = connection.getSenders().find((sender) => sender.track === track);
    if (sender && connection.signalingState !== "closed") connection.removeTrack(sender);
  }

  return { add, remove };
}
