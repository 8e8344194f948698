/** Where a joiner's offer comes from: the page it is on, the page that sent it here, the server. */
import type { GiveBack, Invitation } from "../protocol/wire.ts";
import { delay } from "./delay.ts";
import { FoyerError } from "./errors.ts";
import { readProblem, request } from "./request.ts";

/** An offer that is this joiner's alone until its lease runs out. */
export type Lease = Pick<Invitation, "sessionId" | "leaseExpiresAt" | "iceServers"> & {
  offer: string;
};

/** Where to join, and the offer that came with it, if one did. */
export interface Entrance {
  link: string;
  lease?: Lease;
}

const NO_LINK = "This is not the whole link of a session; ask for it again";
/** How long to wait for a free offer before giving up, in milliseconds. */
const PATIENCE_MS = 120_000;
/** Where the server says nothing, or a browser hides the header. */
const RETRY_AFTER_S = 2;
/** The first wait for a free offer in milliseconds: the primary is already making some. */
const SOON_MS = 100;

/**
 * The way in that `address` gives: the hand-over of a loading page (`#foyer=` and JSON, cleared from
 * this page's address), or the link itself and what this page holds for it.
 * @throws {FoyerError} `invalid`
 */
export function findEntrance(address: string): Entrance {
  try {
    const { href, hash, pathname, search } = new URL(address, location.href);
    if (!hash.startsWith("#foyer=")) return { link: href, lease: takeFromPage(pathname) };
    const handover = JSON.parse(decodeURIComponent(hash.slice(7)));
    if (href === location.href) {
      history.replaceState(history.state, "", pathname + search + (handover.fragment ?? ""));
    }
    return { link: new URL(handover.link).href, lease: handover.offer && handover };
  } catch (cause) {
    throw new FoyerError("invalid", NO_LINK, { cause });
  }
}

/** The secret of a session's link, which its fragment holds; "" where there is none. */
export function readSecret(link: string): string {
  return link.split("#")[1] ?? "";
}

/** The lease in the hidden fields of this page, once, and only where it is that of the link. */
function takeFromPage(pathname: string): Lease | undefined {
  const offer = findField("offer");
  const sessionId = findField("sessionId")?.value;
  if (!offer || "used" in offer.dataset || !pathname.endsWith(`/${sessionId}`)) return;
  offer.dataset.used = "";
  return {
    sessionId: sessionId!,
    offer: offer.value,
    leaseExpiresAt: Number(findField("leaseExpiresAt")?.value) || null,
    iceServers: JSON.parse(findField("iceServers")?.value || "[]"),
  };
}

function findField(name: string): HTMLInputElement | null {
  return document.querySelector(`input[type=hidden][name=${name}]`);
}

/**
 * Asks the server for an offer; waits for a free one, and calls `onwaiting` when it does.
 * @throws {FoyerError} a word of the server, or `unreachable`
 */
export async function fetchLease(
  link: string,
  onwaiting: () => void,
  signal: AbortSignal,
): Promise<Lease> {
  const patience = Date.now() + PATIENCE_MS;
  for (let soon = SOON_MS;; soon *= 2) {
    const response = await request(link, { signal });
    if (response.ok) {
      const lease: Invitation | null = await response.json().catch(() => null);
      if (!lease?.offer) throw new FoyerError("invalid", NO_LINK);
      return lease as Lease;
    }
    const problem = await readProblem(response);
    const isBusy = response.status === 503 || response.status === 429;
    if (!isBusy || Date.now() > patience) throw problem;
    onwaiting();
    const later = 1_000 * (Number(response.headers.get("retry-after")) || RETRY_AFTER_S);
    const wait = problem.code === "no-free-offer" ? Math.min(soon, later) : later;
    // Those who were turned away together do not come back together.
    await delay(wait * (1 + Math.random() / 2), signal);
  }
}

/** Gives an offer back that was not answered; also from a page that is being closed. */
export function giveBack(link: string, { sessionId, offer, leaseExpiresAt }: Lease): void {
  if (leaseExpiresAt === null) return;
  const body: GiveBack = { sessionId, offer, answer: null, leaseExpiresAt };
  navigator.sendBeacon(link, JSON.stringify(body));
}
