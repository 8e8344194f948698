/**
 * How the two ends of an open connection agree on what changes in it: tracks, or its path (ICE
 * restart). Perfect negotiation (W3C WebRTC section 10.7) with whole descriptions: there is no trickle.
 */
import { makeId } from "../../protocol/ids.ts";
import type { Description } from "../../protocol/upkeep.ts";
import { gather } from "../gathering.ts";

/** How long a description waits for more candidates, in milliseconds. */
const GATHERING_CAP = 400;
/** An offer that is not answered in this time is sent again, in milliseconds. */
const ANSWER_MS = 5_000;

export interface Negotiation {
  /** Offers what the connection is now; it does so by itself when the browser says it is needed. */
  negotiate(): void;
  /** Looks for a new path. */
  restart(): void;
  /** A description of the other end. What cannot be taken is dropped. */
  take(frame: Description): void;
}

/**
 * `isPolite`: where both offer at once this end gives way; the other end must not. `send` may lose what
 * it is given.
 */
export function createNegotiation(
  connection: RTCPeerConnection,
  isPolite: boolean,
  send: (frame: Description, isRestart: boolean) => void,
): Negotiation {
  /** The offer that waits for its answer. */
  let offered: string | undefined;
  /** The last answer: the offer comes again where it was lost. */
  let answered: { frame: Description; isRestart: boolean } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let steps = Promise.resolve();
  connection.onnegotiationneeded = negotiate;

  function negotiate(): void {
    // Where an offer is out, the browser says it again when that is answered.
    perform(() => offered ? undefined : offer(false));
  }

  function restart(): void {
    perform(() => {
      connection.restartIce();
      return offer(true);
    });
  }

  function take({ id, description }: Description): void {
    // It may have come by others, and they must not put somebody else at the other end.
    if (!isSameEnd(connection.remoteDescription, description)) return;
    perform(() => description.type === "offer" ? answer(id, description) : accept(id, description));
  }

  /** One after the other: a description that is being made is sent before one is taken. */
  function perform(step: () => Promise<void> | undefined): void {
    // What fails here was for a connection that is closed, or no description.
    steps = steps.then(() => connection.signalingState === "closed" ? undefined : step())
      .catch(() => {});
  }

  async function offer(isRestart: boolean): Promise<void> {
    const id = offered = makeId(8);
    const description = await describe("offer", isRestart);
    const frame: Description = { type: "description", id, isNew: false, description };
    clearTimeout(timer);
    repeat();

    function repeat(): void {
      if (offered !== id || connection.signalingState === "closed") return;
      send(frame, isRestart);
      timer = setTimeout(repeat, ANSWER_MS);
    }
  }

  async function answer(id: string, offer: Description["description"]): Promise<void> {
    if (answered?.frame.id === id) return send(answered.frame, answered.isRestart);
    if (offered && !isPolite) return;
    settle();
    const isRestart = readFragment(offer.sdp) !== readFragment(connection.remoteDescription?.sdp);
    // Takes an own offer back where there is one.
    await connection.setRemoteDescription(offer);
    const description = await describe("answer", isRestart);
    const frame: Description = { type: "description", id, isNew: false, description };
    answered = { frame, isRestart };
    send(frame, isRestart);
  }

  async function accept(id: string, answer: Description["description"]): Promise<void> {
    if (id !== offered) return;
    settle();
    await connection.setRemoteDescription(answer);
  }

  function settle(): void {
    offered = undefined;
    clearTimeout(timer);
  }

  return { negotiate, restart, take };

  async function describe(type: "offer" | "answer", isRestart: boolean) {
    if (isRestart) return { type, sdp: await gather(connection, GATHERING_CAP) };
    // All goes over the path that is there: no candidates come.
    await connection.setLocalDescription();
    return { type, sdp: connection.localDescription!.sdp };
  }
}

/** Whether both have the same DTLS fingerprints (RFC 8122). */
function isSameEnd(before: { sdp: string } | null, now: { sdp: string }): boolean {
  const [mine, theirs] = [before, now].map((description) =>
    [...new Set(description?.sdp.toLowerCase().match(/^a=fingerprint:\S+ \S+/gm))].sort().join()
  );
  return mine === theirs;
}

/** Another fragment is another path (RFC 8839 section 5.4). */
function readFragment(sdp = ""): string | undefined {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
}
