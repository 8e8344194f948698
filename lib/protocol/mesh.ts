/**
 * What travels between peers, over the one data channel of their connection: control as string
 * frames (JSON, below), messages of the application as binary frames (lib/mesh/messages.ts).
 *
 *   primary  -> newcomer   Welcome    its id, and who was here before it
 *   primary  -> joiner     Full       no place in the session for it
 *   newcomer -> primary    Offers     one for each earlier peer, all in one frame
 *   primary  -> peer       Offers     the newcomer's offer to this peer
 *   peer     -> primary    Answers    its answer to the newcomer
 *   primary  -> newcomer   Answers    of all earlier peers in one frame, those of slow ones after it
 *   primary  -> everyone   End        the session is over
 *
 * `peer` names the other end of a connection: passing a frame on, the primary puts the id of the
 * sender in the place of the receiver's. In a session whose link has a secret, an offer has its
 * sender's key before it and an answer is sealed (lib/mesh/identity.ts): it passes on what it can
 * neither change nor, of an answer, read.
 */
import type { MAX_DESCRIPTION } from "./wire.ts";

/** The primary's first frame on a new connection. Ids are its making: 64 random bits or more. */
export interface Welcome {
  type: "welcome";
  /** The newcomer's own id. */
  self: string;
  primary: string;
  /** Who was here before it, in the order they came: the newcomer owes each of them an offer. */
  peers: string[];
}
/** In the place of a Welcome: the session has as many peers as the primary lets in. */
export interface Full {
  type: "full";
}
export interface Offers {
  type: "offers";
  connections: { peer: string; offer: string }[];
}
export interface Answers {
  type: "answers";
  /** `null`: there will be no answer, because that peer left or could not make one. */
  connections: { peer: string; answer: string | null }[];
}
export interface End {
  type: "end";
}
/** What every client reads. */
export type Control = Welcome | Full | End;
/** What it reads once there are others to meet: for its second file. */
export type Introduction = Offers | Answers;

/**
 * Most peers in one frame, and so in a session: descriptions of usual length for all of them fit
 * the 256 KiB that browsers take as one message.
 */
export const MAX_PEERS = 64;
// A type import keeps the server's schemas out of the browser's bundle.
const MAX_LENGTH: typeof MAX_DESCRIPTION = 15_000;

/** The control frame in `text`, or undefined where it is not one: peers are not to be trusted. */
export function readControl(text: string): Control | undefined {
  const frame = parseJson(text);
  switch (frame?.type) {
    case "welcome":
      return isId(frame.self) && isId(frame.primary) && isList(frame.peers, isId)
        ? frame
        : undefined;
    case "full":
    case "end":
      return frame;
  }
}

/** The offers or answers in `text`, or undefined where it is neither. */
export function readIntroduction(text: string): Introduction | undefined {
  const frame = parseJson(text);
  const isRight = frame?.type === "offers"
    ? isList(frame.connections, (c) => isId(c?.peer) && isDescription(c.offer))
    : frame?.type === "answers" && isList(
      frame.connections,
      (c) => isId(c?.peer) && (c.answer === null || isDescription(c.answer)),
    );
  return isRight ? frame : undefined;
}

// deno-lint-ignore no-explicit-any -- what it is comes out where it is read
export function parseJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// deno-lint-ignore no-explicit-any
export function isList(value: unknown, isItem: (item: any) => boolean): boolean {
  return Array.isArray(value) && value.length <= MAX_PEERS && value.every(isItem);
}

export function isId(value: unknown): boolean {
  return typeof value === "string" && /^[\w-]{8,64}$/.test(value);
}

export function isDescription(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_LENGTH;
}
