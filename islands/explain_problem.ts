import type { ProblemCode } from "../lib/protocol/problems.ts";

/** What went wrong, for a person: what it is, what to do, and what the page offers for that. */
export interface Explanation {
  readonly title: string;
  readonly advice: string;
  /** `again`: trying again may help. `home`: a session of one's own may. */
  readonly way: "again" | "home";
}

const AGAIN = "Wait a moment, then try again.";

const EXPLANATIONS: { readonly [code in ProblemCode | ClientCode]?: Explanation } = {
  "no-such-session": {
    title: "There is no session at this link",
    advice: "Check that all of the link was copied, or ask the host for a new one.",
    way: "home",
  },
  "ended": {
    title: "This session has ended",
    advice: "Ask the host for a new link, or start a session yourself.",
    way: "home",
  },
  "host-away": {
    title: "The host is away",
    advice: "Their connection is lost just now. Ask them to open Foyer again, then try again.",
    way: "again",
  },
  "no-free-offer": {
    title: "Everybody is joining right now",
    advice: "No place came free in two minutes. Wait a moment, then try again.",
    way: "again",
  },
  "no-path": {
    title: "No way through to the host",
    advice: "A router or firewall (NAT) stands between your networks, and no relay (TURN) helps " +
      "around it. Try another network, or without a VPN.",
    way: "again",
  },
  "full": {
    title: "This session is full",
    advice: "Its host lets in no more people than are here now. Try again when somebody has left.",
    way: "again",
  },
  "unsupported": {
    title: "This browser cannot connect",
    advice:
      "It has no WebRTC, or a setting or extension turns it off. Open this page in a current " +
      "Chrome, Edge, Firefox or Safari.",
    way: "again",
  },
  "incomplete-link": {
    title: "This is not the whole link",
    advice: "What stands after its # was cut off or changed on the way, and nobody can come in " +
      "without that. Ask for the link again, and open all of it.",
    way: "home",
  },
  "insecure": {
    title: "This link needs a secure page",
    advice: "It is encrypted, and browsers can read such links over https only. Open it with " +
      "https:// at its beginning, or ask the host for another one.",
    way: "again",
  },
  "unreachable": {
    title: "Foyer cannot be reached",
    advice: "Check that you are online, then try again.",
    way: "again",
  },
  "key-refused": {
    title: "This session belongs to another tab",
    advice: "Go back to the tab that started it, or start a new session here.",
    way: "home",
  },
  "too-many": {
    title: "Too many tries from your network",
    advice: "Wait a minute, then try again.",
    way: "again",
  },
  "not-found": {
    title: "There is nothing here",
    advice: "Check the address, or start a session yourself.",
    way: "home",
  },
};

/** Codes of the client's FoyerError that no server sends. */
type ClientCode =
  | "unsupported"
  | "unreachable"
  | "no-path"
  | "host-away"
  | "full"
  | "incomplete-link"
  | "insecure"
  | "key-refused";

/** `code` is a documented word of a problem or of a FoyerError; others get words that are always true. */
export function explainProblem(code: string): Explanation {
  return EXPLANATIONS[code as ProblemCode] ??
    { title: "That did not work", advice: AGAIN, way: "again" };
}
