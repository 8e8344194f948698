/** Who may be a session's primary: what a first frame claims, and what the record says to that. No IO. */
import { digest, hasDigest } from "./digest.ts";
import type { Session } from "./session.ts";

export interface Claim {
  key: string;
  /** The capability to take over from this primary; null leaves it as it is. */
  succession: string | null;
  /** With the capability to take over from the primary before. */
  takeOver: { succession: string; term: number } | null;
}

export type Grant = "open" | "return" | "take-over";
/** "superseded": the claim was right in an earlier term, or comes while the primary's socket is there. */
export type Refusal = "key-refused" | "superseded" | "ended";

/** Digests of terms that are over; those of so many terms are kept. */
const MOST_FORMER = 4 * 2;

export const termOf = ({ term = 1 }: Session): number => term;

/** `isOver` is asked only by who has a right, or had one: others learn nothing. */
export function judgeClaim(
  record: Session | null,
  { key, takeOver }: Claim,
  isOver: (record: Session) => boolean,
): Grant | Refusal {
  // A take-over needs something to take over; under this id there may have been something long ago.
  if (!record) return takeOver ? "ended" : "open";
  // With or without the words of a take-over: its welcome may have been lost.
  if (hasDigest(key, record.keyHash)) return isOver(record) ? "ended" : "return";
  const claimed = takeOver?.succession ?? key;
  const isSuccessor = takeOver !== null && isDigestOf(claimed, record.successionHash);
  const isFormer = (record.former ?? []).some((hash) => hasDigest(claimed, hash));
  if (!isSuccessor && !isFormer) return "key-refused";
  if (isOver(record)) return "ended";
  const isNext = isSuccessor && takeOver.term === termOf(record) + 1;
  return isNext && record.holder === null ? "take-over" : "superseded";
}

/** What the record says about its primary once the claim is granted. */
export function grantClaim(
  record: Session | null,
  { key, succession }: Claim,
  grant: Grant,
): Required<Pick<Session, "keyHash" | "term" | "successionHash" | "former">> {
  const before = {
    keyHash: record?.keyHash ?? digest(key),
    term: record ? termOf(record) : 1,
    successionHash: record?.successionHash ?? null,
    former: record?.former ?? [],
  };
  if (grant !== "take-over") {
    return { ...before, successionHash: succession ? digest(succession) : before.successionHash };
  }
  const over = [before.keyHash, before.successionHash].filter((hash) => hash !== null);
  return {
    keyHash: digest(key),
    term: before.term + 1,
    // The capability of the primary before is no right any more, whether there is a new one or not.
    successionHash: succession ? digest(succession) : null,
    former: [...over, ...before.former].slice(0, MOST_FORMER),
  };
}

function isDigestOf(text: string, hash: string | null | undefined): boolean {
  return typeof hash === "string" && hasDigest(text, hash);
}
