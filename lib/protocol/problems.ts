/**
 * The words for what can go wrong between a client and the server: the `code` of a problem
 * (RFC 9457), of an error frame and of the client's FoyerError are the same words.
 */
export const PROBLEMS = {
  "invalid": [400, "The request is not what this address takes"],
  "forbidden": [403, "This origin may not do that"],
  "no-such-session": [404, "There is no such session"],
  "not-found": [404, "There is nothing at this address"],
  "method-not-allowed": [405, "This address does not take that method"],
  "timeout": [408, "The request took too long to arrive"],
  "offer-unavailable": [409, "This offer is not yours to answer"],
  "ended": [410, "This session has ended"],
  "too-large": [413, "That is too large"],
  "unsupported-type": [415, "The body must be JSON"],
  "too-many": [429, "Too many requests from this address"],
  "internal": [500, "Something went wrong here"],
  "no-free-offer": [503, "Everybody is joining right now"],
  "unavailable": [503, "Foyer cannot do that just now"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** `application/problem+json` with the word in `code`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
}

export function describeProblem(code: ProblemCode, detail: string): Problem {
  const [status, title] = PROBLEMS[code];
  return { type: `urn:problem-type:foyer:${code}`, title, status, detail, code };
}
