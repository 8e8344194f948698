/**
 * Links that fall silent: shown as away, given a new path (ICE restart), and closed where there is
 * none in time.
 */
import type { Description, Restart } from "../../protocol/upkeep.ts";
import type { Link } from "../link.ts";
import { createNegotiation, type Negotiation } from "./negotiation.ts";
import type { Mesh } from "../session.ts";

/** `disconnected` that is over in this time was nothing (Safari says it often), in milliseconds. */
const BRIEF_MS = 2_000;
/** How long a link may stay away, in milliseconds. */
const PATIENCE_MS = 30_000;
/** From one try to the next, in milliseconds. */
const TRY_MS = 8_000;
/** How long the other end may take to say that it is there, in milliseconds. */
const PONG_MS = 5_000;
/** A clock that stood still so long was that of a machine asleep, in milliseconds. */
const SLEEP_MS = 15_000;
const TICK_MS = 5_000;

interface Care {
  readonly link: Link;
  readonly negotiation: Negotiation;
  /** The next thing to happen unless the link is there again. */
  timer?: ReturnType<typeof setTimeout>;
}

export interface Repair {
  /** Cares for a link from now on. */
  attend(link: Link): void;
  /** The other end asks for a new path, or changes something. */
  take(peer: string, frame: Description | Restart): void;
  /** Something came from the peer in answer to a ping. */
  hear(peer: string): void;
  /** Closes the link to a peer that is gone for others, where it is away here too. */
  giveUp(peer: string): void;
  /** Asks every link whether it is there. */
  check(): void;
}

/** `send` reaches a peer also where the link to it does not, or may not (`isRestart`). */
export function createRepair(
  mesh: Mesh,
  send: (peer: string, frame: Description | Restart, isRestart?: boolean) => void,
): Repair {
  const cares = new Map<Link, Care>();
  watchSleep();

  function attend(link: Link): void {
    if (cares.has(link)) return;
    const { connection } = link;
    // Which of the two does not matter, as long as both agree.
    const isPolite = mesh.self < link.id;
    const negotiation = createNegotiation(
      connection,
      isPolite,
      (frame, isRestart) => send(link.id, frame, isRestart),
    );
    const care: Care = { link, negotiation };
    cares.set(link, care);
    link.closed.then(() => {
      clearTimeout(care.timer);
      cares.delete(link);
    });
    connection.onconnectionstatechange = () => judge(care);
    connection.onsignalingstatechange = () => link.state === "away" && judge(care);
    judge(care);
  }

  function judge(care: Care): void {
    const { link } = care;
    const { connectionState, signalingState } = link.connection;
    if (connectionState === "connected") {
      // A restart that is not answered yet can give a path on which nothing comes back.
      if (link.state === "open" || signalingState === "stable") recover(care);
      else link.sendControl({ type: "ping" });
    } else if (connectionState === "failed") miss(care);
    else if (connectionState === "disconnected" && link.state === "open") {
      clearTimeout(care.timer);
      care.timer = setTimeout(() => miss(care), BRIEF_MS);
    }
  }

  function recover(care: Care): void {
    clearTimeout(care.timer);
    if (care.link.state === "open") return;
    care.link.state = "open";
    mesh.emit("back", { peerId: care.link.id });
  }

  function miss(care: Care): void {
    const { link } = care;
    if (link.state === "away") return;
    link.state = "away";
    const end = Date.now() + PATIENCE_MS;
    repair();
    mesh.emit("away", { peerId: link.id });

    function repair(): void {
      clearTimeout(care.timer);
      const left = end - Date.now();
      if (left <= 0) return link.close();
      if (mesh.self < link.id) send(link.id, { type: "restart" });
      else care.negotiation.restart();
      link.sendControl({ type: "ping" });
      care.timer = setTimeout(repair, Math.min(left, TRY_MS));
    }
  }

  function take(peer: string, frame: Description | Restart): void {
    const care = find(peer);
    if (frame.type === "restart") care?.negotiation.restart();
    else care?.negotiation.take(frame);
  }

  function hear(peer: string): void {
    const care = find(peer);
    if (care) recover(care);
  }

  function giveUp(peer: string): void {
    const link = mesh.peers.get(peer);
    if (link?.state === "away") link.close();
  }

  function check(): void {
    for (const care of cares.values()) {
      if (care.link.state === "away") continue;
      care.link.sendControl({ type: "ping" });
      clearTimeout(care.timer);
      care.timer = setTimeout(() => miss(care), PONG_MS);
    }
  }

  function find(peer: string): Care | undefined {
    const link = mesh.peers.get(peer);
    return link && cares.get(link);
  }

  function watchSleep(): void {
    let last = Date.now();
    const timer = setInterval(() => {
      if (mesh.isOver) return stop();
      if (Date.now() - last > SLEEP_MS) check();
      last = Date.now();
    }, TICK_MS);
    const onvisible = () => document.hidden || check();
    addEventListener("online", check);
    document.addEventListener("visibilitychange", onvisible);

    function stop(): void {
      clearInterval(timer);
      removeEventListener("online", check);
      document.removeEventListener("visibilitychange", onvisible);
    }
  }

  return { attend, take, hear, giveUp, check };
}
