/** The client that opens a link: answers an offer of the primary and becomes a member. */
import type { Welcome } from "../protocol/mesh.ts";
import type { Answer, IceServer, Stored } from "../protocol/wire.ts";
import { within } from "./delay.ts";
import { assertWebRtc, FoyerError } from "./errors.ts";
import { fetchLease, giveBack, type Lease, takeFromPage, takeHandover } from "./invitation.ts";
import { createLink, type Link } from "./link.ts";
import { Member } from "./member.ts";
import { readProblem, request } from "./request.ts";
import { Mesh, type Session } from "./session.ts";

/**
 * `finding`: asking for an offer; `waiting`: none is free just now, trying again by itself;
 * `connecting`: the answer is sent; `away`: it waits for the primary, whose socket is lost just
 * now; `connected`.
 */
export type JoinStep = "finding" | "waiting" | "connecting" | "away" | "connected";

export interface JoinOptions {
  /** Those of the server unless told. */
  iceServers?: RTCIceServer[];
  /** Stops joining; has no meaning once the session is there. */
  signal?: AbortSignal;
  onprogress?: (step: JoinStep) => void;
}

/** How often a joiner starts anew with a fresh offer. */
const ATTEMPTS = 3;
/** How long a joiner's answer waits for candidates, in milliseconds. */
const GATHERING_CAP = 400;
/** From the answer to the primary's welcome, in milliseconds. */
const CONNECT_MS = 15_000;
/** The same while the primary is away: it has a minute to come back, unless configured. */
const AWAY_MS = 75_000;

/** How one attempt ended: in a connection, or with the reason to try another offer. */
type Meeting = { primary: Link; welcome: Welcome } | FoyerError;

/**
 * Joins the session behind `address`: its link, or the address of a target page with the hand-over
 * in its fragment. Resolves once connected to the primary.
 * @throws {FoyerError} `no-such-session`, `ended`, `no-free-offer`, `no-path`, `host-away`,
 *   `unreachable`, `unsupported`, or another word of the server.
 */
export async function join(address: string, options: JoinOptions = {}): Promise<Session> {
  assertWebRtc();
  const leaving = new AbortController();
  const onpagehide = () => leaving.abort(new FoyerError("closed", "The page was closed"));
  addEventListener("pagehide", onpagehide);
  try {
    const signals = [leaving.signal, ...options.signal ? [options.signal] : []];
    return await new Joiner(address, options, AbortSignal.any(signals)).join();
  } finally {
    removeEventListener("pagehide", onpagehide);
  }
}

class Joiner {
  readonly #link: string;
  readonly #handover: Lease | undefined;
  #step: JoinStep | undefined;

  constructor(address: string, readonly options: JoinOptions, readonly signal: AbortSignal) {
    signal.throwIfAborted();
    const url = new URL(address, document.baseURI);
    const handover = takeHandover(url);
    this.#link = handover?.link ?? url.href;
    this.#handover = handover;
  }

  async join(): Promise<Session> {
    for (let attempt = 1;; attempt++) {
      this.#report("finding");
      const lease = await this.#findLease(attempt);
      const iceServers = (this.options.iceServers ?? lease.iceServers) as IceServer[];
      const meeting = await this.#meet(lease, iceServers);
      if (!(meeting instanceof FoyerError)) return this.#enter(meeting, lease, iceServers);
      if (attempt === ATTEMPTS) throw meeting;
    }
  }

  async #findLease(attempt: number): Promise<Lease> {
    const id = new URL(this.#link).pathname.split("/").filter(Boolean).pop() ?? "";
    return (attempt === 1 && (this.#handover ?? takeFromPage(id))) ||
      await fetchLease(this.#link, () => this.#report("waiting"), this.signal);
  }

  /** Answers the leased offer and waits for the primary; gives the offer back when stopped before. */
  async #meet(lease: Lease, iceServers: IceServer[]): Promise<Meeting> {
    let link: Link | undefined;
    let isMine = true;
    const abandon = () => {
      link?.close();
      if (isMine) giveBack(this.#link, lease);
      isMine = false;
    };
    // Not in a `catch` alone: nothing asynchronous happens any more on a page that is being closed.
    this.signal.addEventListener("abort", abandon);
    try {
      link = await createLink(iceServers, this.signal);
      const answer = await link.answer(lease.offer, GATHERING_CAP);
      this.signal.throwIfAborted();
      isMine = false;
      const meeting = await this.#connect(link, lease, answer);
      if (meeting instanceof FoyerError) link.close();
      return meeting;
    } catch (cause) {
      abandon();
      this.signal.throwIfAborted();
      if (cause instanceof FoyerError) throw cause;
      return new FoyerError("no-path", "The host's offer cannot be answered here", { cause });
    } finally {
      this.signal.removeEventListener("abort", abandon);
    }
  }

  async #connect(link: Link, lease: Lease, answer: string): Promise<Meeting> {
    const welcomed = new Promise<Welcome>((resolve) => {
      link.oncontrol = (frame) => frame.type === "welcome" && resolve(frame);
    });
    this.#report("connecting");
    // The primary may be faster than the server's word that it was told.
    const stored = await Promise.race([welcomed, this.#post(lease, answer)]);
    if (stored instanceof FoyerError) return stored;
    const isAway = stored.primary === "away";
    if (isAway) this.#report("away");
    const limit = isAway ? AWAY_MS : CONNECT_MS;
    const welcome = await within(limit, Promise.race([welcomed, link.closed]), this.signal);
    if (welcome) return { primary: link, welcome };
    return isAway
      ? new FoyerError("host-away", "The host is away and did not come back in time")
      : new FoyerError("no-path", "No network path to the host; a TURN server may be needed");
  }

  async #post({ sessionId, offer, leaseExpiresAt }: Lease, answer: string) {
    const body: Answer = { sessionId, offer, answer, leaseExpiresAt: leaseExpiresAt ?? undefined };
    const init = { method: "POST", body: JSON.stringify(body), keepalive: true };
    const response = await request(this.#link, { ...init, signal: this.signal });
    return response.ok ? await response.json() as Stored : await readProblem(response);
  }

  #enter(
    { primary, welcome }: { primary: Link; welcome: Welcome },
    lease: Lease,
    iceServers: IceServer[],
  ): Session {
    const member = new Member(iceServers);
    primary.id = welcome.primary;
    member.mesh = new Mesh(
      lease.sessionId,
      this.#link,
      welcome.self,
      welcome.primary,
      null,
      member,
    );
    member.mesh.admit(primary);
    if (welcome.peers.length > 0) member.offerTo(welcome.peers, primary);
    this.#report("connected");
    return member.mesh;
  }

  #report(step: JoinStep): void {
    if (step === this.#step) return;
    this.#step = step;
    this.options.onprogress?.(step);
  }
}
