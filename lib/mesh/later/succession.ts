/**
 * What a member does when it does not reach the primary: leaves it to the repair where others do,
 * comes back by the session's link, or takes the primary's place.
 */
import { makeId } from "../../protocol/ids.ts";
import type { Heir, Links } from "../../protocol/upkeep.ts";
import { within } from "../delay.ts";
import { enter, type Entered } from "../entering.ts";
import type { FoyerError, FoyerErrorCode } from "../errors.ts";
import type { Link } from "../link.ts";
import { createMember } from "../member.ts";
import { isOpen, listOpen } from "./post.ts";
import { preside, type Seat } from "../preside.ts";
import type { Mesh, Role, Session } from "../session.ts";

/** A primary's page that is loaded again is back in this time, in milliseconds. */
const RELOAD_MS = 1_500;
/** How long a primary may be away before its place is taken, in milliseconds. */
const AWAY_MS = 10_000;
/** Each earlier peer that is here has so much time to take over first, in milliseconds. */
const RANK_MS = 3_000;
/** How long peers may take to say whom they reach, in milliseconds. */
const ASK_MS = 1_000;
/** How long coming back by the link may take, in milliseconds. */
const RETURN_MS = 12_000;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 10_000;

export interface Succession {
  /** The primary's word on what a member needs when it is gone. */
  inherit(heir: Heir): void;
  /** `id` is said to be the primary of that term. */
  adopt(id: string, term: number): void;
  /** Whom a peer reaches. */
  hear(from: string, links: Links): void;
  /** Somebody else is the primary, so this client is a member. */
  stepDown(): void;
}

interface Events {
  /** Makes a new link to a peer. */
  meet(peer: string): void;
  /** Makes an offer for each of the `peers`, and gives all to `primary`. */
  offerTo(peers: string[], primary: Link): Promise<void>;
  /** This client is the primary now. */
  onseat(): void;
}

export function createSuccession(mesh: Mesh, { meet, offerTo, onseat }: Events): Succession {
  const session: Session = mesh;
  let heir: Heir | undefined;
  let isSearching = false;
  /** When the primary's place may be taken. */
  let readyAt = 0;
  let isGoodbye = false;
  let wake = () => {};
  let onlinks = (_from: string, _links: Links) => {};

  session.addEventListener("away", ({ detail }) => lose(detail.peerId, false));
  session.addEventListener("leave", ({ detail }) => lose(detail.peerId, true));
  addEventListener("online", () => wake());

  function lose(peer: string, isLeave: boolean): void {
    if (peer !== mesh.primary || !needsPrimary()) return;
    if (!isSearching) isGoodbye = isLeave;
    const ready = Date.now() + (isLeave ? RELOAD_MS : AWAY_MS);
    readyAt = isSearching ? Math.min(readyAt, ready) : ready;
    search();
  }

  function needsPrimary(): boolean {
    return !mesh.isOver && mesh.state !== "ended" && !isPrimary(mesh.role) &&
      !isOpen(mesh, mesh.primary);
  }

  async function search(): Promise<void> {
    wake();
    if (isSearching) return;
    isSearching = true;
    for (let pause = FIRST_PAUSE_MS; needsPrimary(); pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      await look();
      if (!needsPrimary()) break;
      const left = readyAt - Date.now();
      const limit = left > 0 ? Math.min(left, pause) : pause;
      // Those who wait together do not come together.
      await within(limit * (1 + Math.random()) / 2, new Promise<void>((resolve) => wake = resolve));
    }
    isSearching = false;
    if (mesh.state === "reconnecting" && !isPrimary(mesh.role)) mesh.setState("connected");
  }

  async function look(): Promise<void> {
    const open = listOpen(mesh);
    const words = await ask(open);
    if (!needsPrimary()) return;
    const news = words.find(({ primary, term, peers }) =>
      primary !== mesh.primary &&
      (term > mesh.term || term === mesh.term && peers.includes(primary))
    );
    if (news) return adopt(news.primary, news.term);
    if (words.some(({ peers }) => peers.includes(mesh.primary))) {
      // The repair asks them to help, as long as there is a link to be repaired.
      return mesh.peers.has(mesh.primary) ? undefined : await comeBack();
    }
    mesh.setState("reconnecting");
    if (open.length === 0 && !isGoodbye) await comeBack();
    const earlier = mesh.earlier.filter((id) => isOpen(mesh, id)).length;
    if (!needsPrimary() || Date.now() < readyAt + earlier * RANK_MS) return;
    if (await takeOver() !== "taken" && needsPrimary()) await comeBack();
  }

  async function ask(peers: string[]): Promise<Links[]> {
    const words = new Map<string, Links>();
    if (peers.length === 0) return [];
    const { promise, resolve } = Promise.withResolvers<void>();
    onlinks = (from, links) => {
      words.set(from, links);
      if (words.size === peers.length) resolve();
    };
    for (const peer of peers) mesh.peers.get(peer)!.sendControl({ type: "ask" });
    await within(ASK_MS, promise);
    return [...words.values()];
  }

  /** By the session's link, under the same id where the primary recognises this client. */
  async function comeBack(): Promise<void> {
    const stopping = new AbortController();
    const timer = setTimeout(() => stopping.abort(), RETURN_MS);
    const mark = heir?.token ? `a=x-foyer-return:${mesh.self} ${heir.token}\r\n` : "";
    // A primary that is away takes no answers.
    const onprogress = (step: string) => step === "away" && stopping.abort();
    try {
      settle(await enter({ link: mesh.link }, { onprogress }, stopping.signal, mark));
    } catch (error) {
      const { code } = error as FoyerError;
      if (code === "ended" || code === "no-such-session") mesh.setState("ended", "ended");
    } finally {
      clearTimeout(timer);
    }
  }

  function settle({ primary, welcome, iceServers }: Entered): void {
    if (mesh.isOver || isPrimary(mesh.role)) return primary.close();
    const before = mesh.primary;
    const isSame = welcome.self === mesh.self;
    mesh.primary = welcome.primary;
    if (!isSame) {
      for (const link of mesh.peers.values()) link.close();
      mesh.self = welcome.self;
      mesh.earlier = welcome.peers;
      heir = undefined;
      mesh.role.leave();
      mesh.role = createMember(iceServers);
    }
    mesh.admit(primary);
    if (before !== mesh.primary) tell();
    if (!isSame) offerTo(welcome.peers, primary);
    else for (const peer of welcome.peers) if (!isOpen(mesh, peer)) meet(peer);
  }

  /** The primary is another one: so everybody hears. */
  function tell(): void {
    mesh.emit("primary", { peerId: mesh.primary });
    for (const peer of listOpen(mesh)) {
      mesh.peers.get(peer)!.sendControl({ type: "primary", id: mesh.primary, term: mesh.term });
    }
  }

  async function takeOver(): Promise<"taken" | FoyerErrorCode> {
    if (!heir) return "superseded";
    const { succession, term, maxPeers } = heir;
    const claim = {
      sessionId: mesh.id,
      key: makeId(),
      succession: makeId(),
      secret: mesh.secret,
      takeOver: { succession, term: term + 1 },
      iceServers: mesh.role.getIceServers(),
      maxPeers,
    };
    const { promise, resolve } = Promise.withResolvers<"taken" | FoyerErrorCode>();
    preside(toSocketUrl(mesh.link), claim, ({ key, term }, seat) => {
      sit(seat, key, term);
      resolve("taken");
      return mesh;
    }, ({ code }) => resolve(code));
    return await promise;
  }

  function sit(seat: Seat, key: string, term: number): void {
    // It waits to be returned to the socket before it can be left again.
    if (mesh.isOver) return queueMicrotask(() => seat.leave());
    mesh.role.leave();
    mesh.role = seat;
    mesh.key = key;
    mesh.term = term;
    mesh.primary = mesh.self;
    tell();
    onseat();
    mesh.setState("connected");
  }

  function stepDown(): void {
    const iceServers = mesh.role.getIceServers();
    mesh.role.leave();
    mesh.role = createMember(iceServers);
    mesh.key = null;
    heir = undefined;
    search();
  }

  function adopt(id: string, term: number): void {
    const isNews = term > mesh.term || term === mesh.term && id !== mesh.primary && needsPrimary();
    if (!isNews || id === mesh.self) return;
    mesh.term = term;
    mesh.primary = id;
    // Who passed on what they wait for is gone.
    for (const link of mesh.role.opening.values()) link.close();
    mesh.emit("primary", { peerId: id });
    if (isPrimary(mesh.role)) stepDown();
    else search();
  }

  function inherit(word: Heir): void {
    heir = word;
    mesh.term = word.term;
  }

  return { inherit, adopt, hear: (from, links) => onlinks(from, links), stepDown };
}

export function isPrimary(role: Role): role is Seat {
  return "claim" in role;
}

/** Nothing of a link's fragment is for the server. */
function toSocketUrl(link: string): string {
  return link.replace(/^http/, "ws").replace(/#.*/, "");
}
