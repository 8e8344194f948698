/**
 * Control between peers that both are connected (lib/mesh/later.ts), beside what makes the mesh
 * (mesh.ts), each for the two ends of one link. A client ignores the types that it does not know.
 *
 *   Refuse   I want no more of the message that you are sending (lib/mesh/pieces.ts)
 *   Listen   I have opened the channel of this name: send on yours (lib/mesh/channel.ts)
 *   Unlisten I have closed it
 */

export interface Refuse {
  type: "refuse";
  /** The how many-th of the messages that came in pieces, from 1. */
  message: number;
}
export interface Listen {
  type: "listen" | "unlisten";
  channel: string;
}
export type LaterControl = Refuse | Listen;

/** Longest name of a channel in UTF-16 code units. */
export const MAX_NAME = 100;
/** Most channels that one peer can listen to. */
export const MAX_CHANNELS = 64;

/** The frame in `text`, or undefined where it is not one: peers are not to be trusted. */
export function readLaterControl(text: string): LaterControl | undefined {
  const frame = parseJson(text);
  switch (frame?.type) {
    case "refuse":
      return Number.isInteger(frame.message) ? frame : undefined;
    case "listen":
    case "unlisten":
      return isName(frame.channel) ? frame : undefined;
  }
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_NAME;
}

// deno-lint-ignore no-explicit-any -- what it is comes out above
function parseJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
