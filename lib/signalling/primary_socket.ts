/**
 * The primary's end of the signalling: one socket for each session.
 *
 *   -> {sessionId, connections: [{offer, answer: null}, …]}   first frame, and refills
 *      {…, key?, target?, succession?, takeOver?}             first frame
 *   <- {type: "welcome", sessionId, link, key, term, iceServers}
 *   <- {type: "status", offers, consumed}            the counter, as it changes
 *   <- {type: "want", count}                         the pool is low
 *   <- {type: "ice", iceServers}                     before the TURN credentials end
 *   <- {type: "answers", connections: [{id, offer, answer}, …]}
 *   -> {type: "received", ids}                       until then an answer is sent again after a return
 *   -> {type: "end"}
 *   <- {type: "error", code, detail}                 a bad frame; the socket stays open
 *
 * A return needs no path of its own: whoever opens the socket gets every answer not yet confirmed.
 */
import { makeId } from "../protocol/ids.ts";
import {
  check,
  CLOSE,
  Deposit,
  type FromServer,
  type IceServer,
  InvalidInput,
  MAX_DESCRIPTION,
  MAX_FRAME,
  parseJson,
  Received,
} from "../protocol/wire.ts";
import { type AnswerMail, confirmAnswers, listAnswers } from "./answer.ts";
import { type Refusal, termOf } from "./claim.ts";
import type { Context } from "./context.ts";
import { coalesce } from "./coalesce.ts";
import { createDeadlines } from "./deadline.ts";
import {
  depositOffers,
  dropUndeclared,
  endSession,
  openSession,
  releaseSession,
} from "./hosting.ts";
import { describeError, log, shorten } from "./log.ts";
import { countDeliveries, countUp, type Wake } from "./metrics.ts";
import { mintIceServers, timeRenewal } from "./ice.ts";
import { endLeases } from "./lease.ts";
import { type Counts, MOST_LIVE, readCounts } from "./offer.ts";
import { isAllowed } from "./origin.ts";
import { keyOfSession, type Session } from "./session.ts";
import { Unavailable } from "./unavailable.ts";
import { createTally } from "./tally.ts";

export interface PrimarySocket {
  readonly id: string;
  /**
   * Called every now and then: says the counter again, so that the primary knows that its socket is
   * alive, and renews its ICE servers when it is time.
   */
  repeat(): void;
  /** Sends an answer that was just stored. */
  deliver(mail: AnswerMail): void;
  /** This isolate moved the counter. */
  move(change: Partial<Counts>): void;
  /** Reads what changed in the store and tells the primary. */
  refresh(wake: Wake): Promise<void>;
  /** This process ends: the primary shall come back, wherever it is then served. */
  drain(): Promise<void>;
}

/** The sockets of this isolate: all of them, and by session those whose session is open. */
export interface Sockets {
  served: Set<PrimarySocket>;
  sockets: Map<string, PrimarySocket>;
}

const REFUSALS: Record<Refusal, readonly [code: number, reason: string]> = {
  "key-refused": [CLOSE.forbidden, "the key is not this session's"],
  "superseded": [CLOSE.superseded, "the primary is there, or another one took over"],
  "ended": [CLOSE.ended, "this session has ended"],
};
/** Service restart (IANA WebSocket close code registry). */
const CLOSE_RESTART = 1012;
/** For the first frame. */
const firstFrameTime = createDeadlines(10_000);
/** A socket that sends more frames, or longer ones, in this many milliseconds is cut. */
const FLOOD_WINDOW = 10_000;
const FLOOD_FRAMES = 200;
const FLOOD_CHARACTERS = 4_194_304;
/** A primary that leaves more answers unconfirmed is cut: they stay in the store. */
const MOST_UNCONFIRMED = 1_000;
/** A primary that reads so slowly is cut; its answers wait in the store. In bytes. */
const MOST_BUFFERED = 1_048_576;
/** A primary that sends faster than its frames can be taken is cut. In characters. */
const MOST_QUEUED = 2_097_152;
/** How many beats long a session is looked after whose release is in doubt. */
const DOUBTFUL_LOOKS = 20;
/** Moves of the counter are told at once; the store has the last word so many milliseconds later. */
const SETTLE_TIME = 1_000;

export function servePrimary(
  context: Context,
  { sockets, served }: Sockets,
  socket: WebSocket,
  session: { id: string; link: string; address: string | null },
) {
  const { settings, now, limits } = context;
  const { id: sessionId, link, address } = session;
  const id = makeId();
  let stage: "new" | "opening" | "open" = "new";
  let term = 0;
  let frames = { since: 0, count: 0, characters: 0 };
  let renewIceAt = Infinity;
  const tally = createTally();
  let work = Promise.resolve();
  let queued = 0;

  /** Answers sent and not confirmed, by their ids. */
  const sent = new Map<string, string>();
  /** Of those, the ones that are to be confirmed in the store. */
  const received = new Set<string>();
  let confirming = Promise.resolve();
  let isConfirming = false;
  /** Answers to be sent, with whatever else happens at this moment. */
  let outbox: AnswerMail[] = [];
  let isTelling = false;
  let isReleased = false;
  let settleTimer: ReturnType<typeof setTimeout> | undefined;
  let leaseTimer: ReturnType<typeof setTimeout> | undefined;
  const endFirstFrame = firstFrameTime.start(
    () => close(CLOSE.timeout, "no first frame came in time"),
  );

  const self: PrimarySocket = {
    id,
    deliver,
    repeat,
    move,
    refresh: coalesce(refresh),
    async drain() {
      close(CLOSE_RESTART, "the server restarts; come back");
      await work.then(release).catch(report);
    },
  };
  served.add(self);

  socket.onmessage = ({ data }) => {
    const isText = typeof data === "string";
    if (isFlooding(isText ? data.length : MAX_FRAME)) {
      return close(CLOSE.flooding, "too many frames, or too long ones");
    }
    if (!isText) return complain("invalid", "frames are text");
    if (data.length > MAX_FRAME) return close(CLOSE.flooding, "the frame is too large");
    queued += data.length;
    if (queued > MOST_QUEUED) return close(CLOSE.flooding, "frames come too fast");
    work = work.then(() => takeFrame(data)).catch(report).finally(() => queued -= data.length);
  };
  socket.onclose = () => {
    endFirstFrame();
    work = work.then(release).catch(report).finally(() => served.delete(self));
  };
  socket.onerror = () => {};

  async function takeFrame(text: string) {
    const frame = parseJson(text);
    const type = (frame as { type?: unknown } | null)?.type;
    if (type === undefined) return await takeDeposit(check(Deposit, frame));
    if (stage !== "open") throw new InvalidInput("invalid", "the first frame declares offers");
    if (type === "received") return takeReceived(check(Received, frame));
    if (type === "end") return await takeEnd();
    const shown = typeof type === "string" ? `"${type.slice(0, 40)}"` : typeof type;
    throw new InvalidInput("invalid", `type: ${shown} is not known here`);
  }

  async function takeDeposit(deposit: Deposit) {
    if (deposit.sessionId !== sessionId) {
      throw new InvalidInput("invalid", "sessionId: differs from the address of this socket");
    }
    const offers = deposit.connections.map(({ offer }) => offer);
    const target = readTarget(deposit.target);
    if (target === undefined) {
      return complain("forbidden", "target: only http(s) addresses that this server redirects to");
    }
    if (stage === "open") {
      const live = tally.counts.offers - tally.counts.answered;
      if (live + offers.length > MOST_LIVE) {
        return complain(
          "too-many",
          `connections: ${live} offers are live, and ${MOST_LIVE} may be`,
        );
      }
      const result = await depositOffers(context, sessionId, id, offers);
      // Why, is for the store to say: replaced, ended, or given away while this isolate stood still.
      if (result === "not-holder") return await self.refresh("return");
      tally.takeDeposit(offers.length);
      return move({ offers: result.deposited });
    }
    const { key = makeId(), succession = null, takeOver = null } = deposit;
    stage = "opening";
    const first = { offers, key, target, succession, takeOver };
    let wait = 0;
    const mayCreate = () => (wait = address === null ? 0 : limits.create(address)) === 0;
    const result = await openSession(context, sessionId, id, first, { isOpen, mayCreate });
    if (typeof result === "string") {
      stage = "new";
      if (result === "gone") return;
      if (result !== "too-many") return close(...REFUSALS[result]);
      complain("too-many", `sessions of this address: try again in ${wait} seconds`);
      return close(CLOSE.flooding, "too many new sessions");
    }
    endFirstFrame();
    stage = "open";
    term = result.term;
    if (!isOpen()) return;
    const before = sockets.get(sessionId);
    sockets.set(sessionId, self);
    before?.refresh("return").catch((error) => log("socket-failed", describeError(error)));
    if (result.how !== "opened") await dropUndeclared(context, sessionId, id, offers);
    send({ type: "welcome", sessionId, link, key, term, iceServers: mintMine() });
    await self.refresh("return");
  }

  function mintMine(): IceServer[] {
    renewIceAt = timeRenewal(settings, now());
    return mintIceServers(settings, now());
  }

  function repeat() {
    if (!tally.isKnown) return;
    send(tally.status());
    if (now() >= renewIceAt) renewIce().catch(report);
  }

  async function renewIce() {
    renewIceAt = Infinity;
    // Not for one that lost its session in the meantime: it is closed by this.
    await self.refresh("return");
    if (isOpen()) send({ type: "ice", iceServers: mintMine() });
  }

  /** The frames that come after it need not wait; confirmations that come meanwhile share a commit. */
  function takeReceived({ ids }: Received) {
    // Every answer that is not confirmed was sent on this socket; others need no look at the store.
    for (const answerId of ids) if (sent.has(answerId)) received.add(answerId);
    if (!isConfirming) confirming = confirm().catch(report);
  }

  async function confirm() {
    isConfirming = true;
    try {
      while (received.size > 0) {
        const ids = [...received];
        received.clear();
        await confirmAnswers(context, sessionId, ids, sent);
        ids.forEach((answerId) => sent.delete(answerId));
      }
    } finally {
      isConfirming = false;
    }
  }

  async function takeEnd() {
    if (await endSession(context, sessionId, id) === "ended") return close(1000, "ended");
    await self.refresh("return");
  }

  function move(change: Partial<Counts>) {
    tally.move(change);
    if (isReleased) return;
    settleTimer ??= setTimeout(() => self.refresh("here").catch(report), SETTLE_TIME);
    tellSoon();
  }

  function deliver(mail: AnswerMail) {
    outbox.push(mail);
    tellSoon();
  }

  /** What one commit of several joiners changed is told together. */
  function tellSoon() {
    if (isTelling) return;
    isTelling = true;
    queueMicrotask(() => {
      isTelling = false;
      const mail = outbox;
      outbox = [];
      sendAnswers(mail, "here");
      tell();
    });
  }

  function tell() {
    for (const frame of tally.report(context.pool.countWaiting(sessionId), now())) send(frame);
    const { consumed, answered } = tally.counts;
    if (consumed > answered) scheduleLeaseEnd(settings.leaseTime);
  }

  async function refresh(wake: Wake) {
    if (wake !== "here") {
      context.pool.doubt(sessionId);
      const { value } = await context.store.get<Session>(keyOfSession(sessionId));
      if (value?.endedAt) return close(CLOSE.ended, "this session has ended");
      if (!value?.holder) {
        return close(CLOSE_RESTART, "the server lost sight of this socket; come back");
      }
      if (termOf(value) > term) return close(...REFUSALS.superseded);
      if (value.holder.socket !== id) return close(CLOSE.replaced, "another socket took over");
      sendAnswers(await listAnswers(context, sessionId), wake);
      // A lease that another isolate granted is timed from the moment it is seen here.
      await freeLeases();
    }
    clearTimeout(settleTimer);
    settleTimer = undefined;
    const before = tally.counts;
    const counts = await readCounts(context.store, sessionId);
    // A move meanwhile may or may not be in what was read; it has set the timer for another look.
    if (tally.counts === before || !tally.isKnown) tally.set(counts);
    tell();
  }

  function scheduleLeaseEnd(wait: number) {
    // Some milliseconds late rather than early: early would find the lease still running.
    if (isReleased) return;
    leaseTimer ??= setTimeout(async () => {
      leaseTimer = undefined;
      try {
        await freeLeases();
      } catch (error) {
        report(error);
        if (socket.readyState === WebSocket.OPEN) scheduleLeaseEnd(settings.leaseTime);
      }
    }, wait + 5);
  }

  async function freeLeases() {
    const { ended, next } = await endLeases(context, sessionId);
    if (ended > 0) move({ consumed: -ended });
    if (next !== null) scheduleLeaseEnd(next);
  }

  function sendAnswers(mail: AnswerMail[], wake: Wake) {
    const fresh = mail.filter((answer) => !sent.has(answer.id));
    if (fresh.length === 0) return;
    fresh.forEach(({ id, answer }) => sent.set(id, answer));
    countDeliveries(fresh.length, wake);
    send({ type: "answers", connections: fresh });
    if (sent.size > MOST_UNCONFIRMED) close(CLOSE.flooding, "answers are not confirmed");
  }

  function send(frame: FromServer) {
    if (socket.readyState !== WebSocket.OPEN) return;
    // Each of these asks for a frame, which is no flood then.
    if (frame.type === "answers" || frame.type === "want") frames.count--;
    if (frame.type === "want") frames.characters -= frame.count * MAX_DESCRIPTION;
    if (socket.bufferedAmount > MOST_BUFFERED) return close(CLOSE.flooding, "reads too slowly");
    socket.send(JSON.stringify(frame));
  }

  function complain(code: string, detail: string) {
    countUp("frames_refused");
    send({ type: "error", code, detail });
  }

  function report(error: unknown) {
    if (error instanceof InvalidInput) return complain(error.code, error.message);
    if (error instanceof Unavailable) {
      complain("unavailable", "the store is out of reach; come back");
      return close(1013, "the store is out of reach");
    }
    log("socket-failed", { session: shorten(sessionId), ...describeError(error) });
    close(1011, "something went wrong here");
  }

  function close(code: number, reason: string) {
    if (socket.readyState <= WebSocket.OPEN) socket.close(code, reason);
  }

  function isOpen(): boolean {
    return socket.readyState === WebSocket.OPEN && !isReleased;
  }

  async function release() {
    isReleased = true;
    await confirming;
    endFirstFrame();
    clearTimeout(leaseTimer);
    clearTimeout(settleTimer);
    if (sockets.get(sessionId) === self) sockets.delete(sessionId);
    if (stage === "new") return;
    // An opening that the store did not answer may still come true.
    if (stage === "opening") context.doubtful.set(sessionId, DOUBTFUL_LOOKS);
    try {
      await releaseSession(context, sessionId, id);
    } catch (error) {
      context.doubtful.set(sessionId, DOUBTFUL_LOOKS);
      throw error;
    }
    // Where this one was too late to be wanted, it may have taken the session from another one here.
    await sockets.get(sessionId)?.refresh("return");
  }

  function readTarget(text: string | undefined): string | null | undefined {
    if (text === undefined) return null;
    const url = URL.parse(text);
    if (!url || !/^https?:$/.test(url.protocol)) return undefined;
    return isAllowed(settings.targetOrigins, url.origin) ? url.href : undefined;
  }

  function isFlooding(length: number): boolean {
    const at = performance.now();
    if (at - frames.since > FLOOD_WINDOW) frames = { since: at, count: 0, characters: 0 };
    frames.characters += length;
    return ++frames.count > FLOOD_FRAMES || frames.characters > FLOOD_CHARACTERS;
  }
}
