/**
 * What travels between a client and the server. The wire shapes of the seed:
 *
 *   primary -> server   Deposit | Received | End            (WebSocket /:sessionId)
 *   server  -> primary  Welcome | Answers | Want | Status | Ice | WireError
 *   joiner  <- server   Invitation                          (GET  /:sessionId)
 *   joiner  -> server   Answer | GiveBack                   (POST /:sessionId)
 *
 * Offers and answers are opaque strings: nothing here looks inside them.
 */
import * as v from "valibot";
import { SESSION_ID } from "./ids.ts";

/** Longest offer or answer, in UTF-16 code units: an offer and its answer fit one KV value (65,536 B). */
export const MAX_DESCRIPTION = 15_000;
/** Most offers in one frame. */
export const MAX_OFFERS = 16;
/** Largest body of a POST in bytes: the longest offer and answer fit, however JSON spells them. */
export const MAX_BODY = 200_000;
/** Largest frame from a primary in characters. */
export const MAX_FRAME = 524_288;

// A page can spell neither NUL nor half a surrogate pair (HTML section 13.2.3.5, RFC 3629 section 3).
const description = v.pipe(
  v.string(),
  v.nonEmpty(),
  v.maxLength(MAX_DESCRIPTION),
  v.check((text) => text.isWellFormed() && !text.includes("\0"), "NUL or half a surrogate pair"),
);
const sessionId = v.pipe(v.string(), v.regex(SESSION_ID));
const capability = v.pipe(v.string(), v.minLength(16), v.maxLength(256));

const freeConnection = v.object({ offer: description, answer: v.null() });

/** First frame of a primary, and each later refill: the offers that are ready for joiners. */
export const Deposit = v.object({
  sessionId,
  connections: v.pipe(v.array(freeConnection), v.minLength(1), v.maxLength(MAX_OFFERS)),
  key: v.optional(capability),
  target: v.optional(v.pipe(v.string(), v.maxLength(2_048))),
  /** First frame: what this primary gives its peers, so that one of them may take over from it. */
  succession: v.optional(capability),
  /**
   * First frame of a peer that takes over: the `succession` of the primary before, and the term after
   * that primary's. `key` and `succession` are then the newcomer's own.
   */
  takeOver: v.optional(v.object({
    succession: capability,
    term: v.pipe(v.number(), v.safeInteger(), v.minValue(2)),
  })),
});
/** The primary has these answers; the server may forget them. `ids` are those of `Answers`. */
export const Received = v.object({
  type: v.literal("received"),
  ids: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(1_000)),
});
/** The primary ends the session for everyone. */
export const End = v.object({ type: v.literal("end") });

/** A joiner's answer to the offer it was leased. `leaseExpiresAt` names the lease, where the client kept it. */
export const Answer = v.object({
  sessionId,
  offer: description,
  answer: description,
  leaseExpiresAt: v.optional(v.number()),
});
/** A joiner that leaves before it answered gives its offer back; `leaseExpiresAt` names its lease. */
export const GiveBack = v.object({
  sessionId,
  offer: description,
  answer: v.null(),
  leaseExpiresAt: v.number(),
});

export type Deposit = v.InferOutput<typeof Deposit>;
export type Received = v.InferOutput<typeof Received>;
export type End = v.InferOutput<typeof End>;
export type Answer = v.InferOutput<typeof Answer>;
export type GiveBack = v.InferOutput<typeof GiveBack>;

/** As in W3C WebRTC section 4.2.2 (RTCIceServer). */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** What a joiner gets for its link: one leased offer (null where a prefetch leased nothing). */
export interface Invitation {
  sessionId: string;
  offer: string | null;
  /** Milliseconds since the epoch; also the name of the lease. */
  leaseExpiresAt: number | null;
  target: string | null;
  iceServers: IceServer[];
}

export interface Welcome {
  type: "welcome";
  sessionId: string;
  link: string;
  key: string;
  /** 1 for the first primary, one more for each that took over. */
  term: number;
  iceServers: IceServer[];
}
export interface Answers {
  type: "answers";
  connections: { id: string; offer: string; answer: string }[];
}
/** The pool is low: deposit `count` more offers. */
export interface Want {
  type: "want";
  count: number;
}
/** `offers`: all that were deposited and not dropped; `consumed`: those of them leased or answered. */
export interface Status {
  type: "status";
  offers: number;
  consumed: number;
}
/** In the place of the welcome's, whose TURN credentials will end. */
export interface Ice {
  type: "ice";
  iceServers: IceServer[];
}
export interface WireError {
  type: "error";
  code: string;
  detail: string;
}
export type FromServer = Welcome | Answers | Want | Status | Ice | WireError;
export type FromPrimary = Deposit | Received | End;
/** What the server says to a stored answer. `primary` is "away" while its socket is lost. */
export interface Stored {
  sessionId: string;
  primary: "here" | "away";
}

/** Why the server closed a primary's socket (RFC 6455 section 7.4.2, private range). */
export const CLOSE = {
  /** Another socket came with the right key. */
  replaced: 4001,
  /** Wrong or missing key. */
  forbidden: 4003,
  /** No first frame in time. */
  timeout: 4008,
  /**
   * A take-over while the primary's socket is there, or one that comes too late; or a primary that comes
   * back after another took over.
   */
  superseded: 4009,
  /** The session has ended. */
  ended: 4010,
  /** Too many frames, or frames that show bad intent. */
  flooding: 4029,
} as const;

/** Bad input, with words that name what is wrong. `code` is one of the documented words. */
export class InvalidInput extends Error {
  override name = "InvalidInput";
  constructor(readonly code: "invalid" | "too-large", message: string) {
    super(message);
  }
}

/**
 * `text` as one of the `shapes`.
 * @throws {InvalidInput} naming the field that is wrong.
 */
export function parse<T extends v.GenericSchema>(shape: T, text: string): v.InferOutput<T> {
  return check(shape, parseJson(text));
}

/** @throws {InvalidInput} when `text` is not JSON (RFC 8259). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidInput("invalid", "this is not JSON");
  }
}

/** @throws {InvalidInput} naming the field of `value` that does not fit `shape`. */
export function check<T extends v.GenericSchema>(shape: T, value: unknown): v.InferOutput<T> {
  const result = v.safeParse(shape, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue) ?? "the message";
  if (issue.type === "check") throw new InvalidInput("invalid", `${where}: ${issue.message}`);
  throw new InvalidInput(
    issue.type === "max_length" ? "too-large" : "invalid",
    `${where}: expected ${issue.expected ?? issue.requirement}, got ${clip(issue.received)}`,
  );
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
