/** The way in by the link: answers an offer of the primary, until there is its welcome. */
import type { Full, Welcome } from "../protocol/mesh.ts";
import type { Answer, IceServer, Stored } from "../protocol/wire.ts";
import { within } from "./delay.ts";
import { FoyerError } from "./errors.ts";
import { type Entrance, fetchLease, giveBack, type Lease, readSecret } from "./invitation.ts";
import { importLater } from "./import_later.ts";
import { createLink, type Link } from "./link.ts";
import { readProblem, request } from "./request.ts";
import { deriveKey, seal, unseal } from "./seal.ts";

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

/** What a joiner has once it is in. */
export interface Entered {
  /** The open link to the primary. */
  primary: Link;
  welcome: Welcome;
  sessionId: string;
  iceServers: IceServer[];
}

/** How often a joiner starts anew with a fresh offer. */
const ATTEMPTS = 3;
/** How long a joiner's answer waits for more candidates, in milliseconds. */
const GATHERING_CAP = 400;
/** From the answer to the primary's welcome, in milliseconds. */
const CONNECT_MS = 15_000;
/** The same after its return: it has the answer at once, unless its page is a new one. */
const RETURN_MS = 5_000;
/** Until the server is asked again whether the primary is back, in milliseconds. */
const ASK_AGAIN_MS = 2_000;
/** A primary that is away has a minute to come back, unless configured. */
const AWAY_MS = 75_000;

/**
 * Comes in by an offer of the `entrance`, or a fresh one; `mark` is a line that the answer carries
 * besides. Resolves once connected to the primary.
 * @throws {FoyerError} see join()
 */
export async function enter(
  { link, lease }: Entrance,
  { iceServers, onprogress }: JoinOptions,
  signal: AbortSignal,
  mark = "",
): Promise<Entered> {
  let step: JoinStep | undefined;
  for (let attempt = 1;; attempt++) {
    lease ??= await find();
    const met = await meet(lease, (iceServers ?? lease.iceServers) as IceServer[]);
    if (!(met instanceof FoyerError)) return met;
    if (attempt === ATTEMPTS) throw met;
    lease = undefined;
  }

  function find(): Promise<Lease> {
    report("finding");
    return fetchLease(link, () => report("waiting"), signal);
  }

  /** Answers the leased offer; gives it back when stopped before. An error asks for another one. */
  async function meet(lease: Lease, iceServers: IceServer[]): Promise<Entered | FoyerError> {
    let primary: Link | undefined;
    let isMine = true;
    const abandon = () => {
      primary?.close();
      if (isMine) giveBack(link, lease);
      isMine = false;
    };
    // Not in the `catch` alone: on a page that is being closed nothing asynchronous happens.
    signal.addEventListener("abort", abandon);
    try {
      const key = deriveKey(readSecret(link), lease.sessionId);
      primary = await createLink(iceServers, signal);
      const offer = await unseal(key, lease.offer, "offer");
      const plain = await primary.answer(offer, GATHERING_CAP);
      const answer = await seal(key, plain + mark, "answer" + lease.offer);
      signal.throwIfAborted();
      isMine = false;
      const welcome = await connect(primary, () => post(lease, answer));
      if (welcome instanceof FoyerError) {
        primary.close();
        return welcome;
      }
      if (welcome.type === "welcome") {
        primary.id = welcome.primary;
        report("connected");
        return { primary, welcome, sessionId: lease.sessionId, iceServers };
      }
      throw new FoyerError(
        "full",
        "The session is full",
      );
    } catch (cause) {
      abandon();
      signal.throwIfAborted();
      if (cause instanceof FoyerError) throw cause;
      return new FoyerError("no-path", "The host's offer cannot be answered here", { cause });
    } finally {
      signal.removeEventListener("abort", abandon);
    }
  }

  async function post({ sessionId, offer, leaseExpiresAt }: Lease, answer: string) {
    const body: Answer = { sessionId, offer, answer, leaseExpiresAt: leaseExpiresAt ?? undefined };
    const init = { method: "POST", body: JSON.stringify(body), keepalive: true, signal };
    const response = await request(link, init);
    return response.ok ? await response.json() as Stored : await readProblem(response);
  }

  /** Waits for the primary's word; asks the server again while the primary is away. */
  async function connect(
    primary: Link,
    sendAnswer: () => Promise<Stored | FoyerError>,
  ): Promise<Welcome | Full | FoyerError> {
    const welcomed = new Promise<Welcome | Full>((resolve) => {
      primary.oncontrol = (frame) => {
        if (frame.type === "welcome" || frame.type === "full") resolve(frame);
      };
    });
    const settled = Promise.race([welcomed, primary.closed.then(() => null)]);
    const patience = Date.now() + AWAY_MS;
    for (let limit = CONNECT_MS;; limit = RETURN_MS) {
      const sending = sendAnswer();
      // There is time for it now, and whoever meets others needs it next.
      sending.then(importLater).catch(() => {});
      if (step !== "away") report("connecting");
      // The primary may be faster than the server's word that it was told.
      const stored = await Promise.race([welcomed, sending]);
      if (stored instanceof FoyerError) return stored;
      const isAway = "primary" in stored && stored.primary === "away";
      report(isAway ? "away" : "connecting");
      const welcome = await within(isAway ? ASK_AGAIN_MS : limit, settled, signal);
      if (welcome) return welcome;
      if (!isAway) {
        return new FoyerError(
          "no-path",
          "No network path to the host: a TURN server is needed",
        );
      }
      if (welcome === null || Date.now() > patience) {
        return new FoyerError("host-away", "The host is away");
      }
    }
  }

  function report(now: JoinStep): void {
    if (now !== step) onprogress?.(now);
    step = now;
  }
}
