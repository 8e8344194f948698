/**
 * What travels between peers to keep the mesh up, as control frames beside those of mesh.ts: the
 * client's second file understands them.
 *
 *   primary -> peer      Heir         what it needs to come back, or to take over
 *   primary -> everyone  Primary      who it is, after a take-over
 *   primary -> everyone  Ice          the server renewed its credentials before they end
 *   primary -> everyone  Gone         a peer left
 *   primary -> peer      Meet         whom it has no link to
 *   peer   <-> peer      Description  what changes in the link between the two, or a new link
 *   peer    -> peer      Restart      asks for an ICE restart of the link between the two
 *   peer    -> any       Relay        a Description or a Restart for somebody the sender does not reach
 *   any     -> peer      Relay        the same, with the sender's id put in
 *   peer    -> peer      Ask, Links   whom do you reach?
 *   peer    -> peer      Ping, Pong   is the link there?
 */
import type { IceServer } from "./wire.ts";
import { isId, isList, parseJson } from "./mesh.ts";

export interface Heir {
  type: "heir";
  term: number;
  /** Capability to take over from this primary. */
  succession: string;
  /** Proves who comes back under this peer's id; "" where this primary cannot make one. */
  token: string;
  maxPeers: number;
}
export interface Primary {
  type: "primary";
  id: string;
  term: number;
}
export interface Ice {
  type: "ice";
  /** For links that are made or repaired from now on. */
  iceServers: IceServer[];
}
export interface Gone {
  type: "gone";
  peer: string;
}
export interface Meet {
  type: "meet";
  peers: string[];
}
export interface Description {
  type: "description";
  /** Made for an offer; its answer has the same. */
  id: string;
  /** For a new connection in the place of the one between the two. */
  isNew: boolean;
  description: { type: "offer" | "answer"; sdp: string };
}
export interface Restart {
  type: "restart";
}
export interface Relay {
  type: "relay";
  /** Copies that took different ways have the same. */
  id: string;
  to: string;
  from?: string;
  frame: Description | Restart;
}
export interface Ask {
  type: "ask";
}
export interface Links {
  type: "links";
  /** Whom the sender reaches. */
  peers: string[];
  primary: string;
  term: number;
}
export interface Ping {
  type: "ping";
}
export interface Pong {
  type: "pong";
}
export type Upkeep =
  | Heir
  | Primary
  | Ice
  | Gone
  | Meet
  | Description
  | Restart
  | Relay
  | Ask
  | Links
  | Ping
  | Pong;

/** The frame in `text`, or undefined where it is none of these: peers are not to be trusted. */
export function readUpkeep(text: string): Upkeep | undefined {
  return check(parseJson(text));
}

// deno-lint-ignore no-explicit-any -- what it is comes out here
function check(frame: any): Upkeep | undefined {
  const isRight = {
    heir: () =>
      isTerm(frame.term) && isWord(frame.succession) && isWord(frame.token) &&
      Number.isSafeInteger(frame.maxPeers),
    primary: () => isId(frame.id) && isTerm(frame.term),
    ice: () => isList(frame.iceServers, isServer),
    gone: () => isId(frame.peer),
    meet: () => isList(frame.peers, isId),
    description: () =>
      isId(frame.id) && typeof frame.isNew === "boolean" &&
      ["offer", "answer"].includes(frame.description?.type) &&
      isSdp(frame.description.sdp),
    restart: () => true,
    relay: () =>
      isId(frame.id) && isId(frame.to) && (frame.from === undefined || isId(frame.from)) &&
      ["description", "restart"].includes(frame.frame?.type) && check(frame.frame) !== undefined,
    ask: () => true,
    links: () => isList(frame.peers, isId) && isId(frame.primary) && isTerm(frame.term),
    ping: () => true,
    pong: () => true,
  };
  const type: unknown = frame?.type;
  if (typeof type !== "string" || !Object.hasOwn(isRight, type)) return;
  return isRight[type as keyof typeof isRight]() ? frame : undefined;
}

// deno-lint-ignore no-explicit-any
function isServer(server: any): boolean {
  const { urls, username = "", credential = "" } = server ?? {};
  return isList([urls].flat(), (url) => isWord(url) && /^(stun|turn)s?:/.test(url)) &&
    isWord(username) && isWord(credential);
}

function isTerm(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isWord(value: unknown): boolean {
  return typeof value === "string" && value.length <= 256;
}

/** Each video of a link adds 4 kB to its description. */
function isSdp(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= 100_000;
}
