/** What the signalling server must do, tried on a session of its own that ends with the check. */
import { makeId } from "../../protocol/ids.ts";
import type { Answer, Deposit, FromServer, IceServer, Invitation } from "../../protocol/wire.ts";
import { within } from "../delay.ts";
import { failed, type Finding, ok } from "./finding.ts";
import { watchPolicy } from "./policy.ts";

/** How long the server may take to each answer, in milliseconds. */
const PATIENCE_MS = 10_000;
/** Stands for an offer: the server never looks inside one. */
const WORDS = "connection check";

/** A session that is there only to be tried; whoever holds one is given the ICE servers too. */
export interface Trial {
  readonly iceServers: IceServer[];
  /** Ends it: its link says 410 from then on. */
  end(): void;
  /** Goes the way of a joiner: leases the offer, answers, and waits for the answer at the host's end. */
  pass(signal?: AbortSignal): Promise<Finding>;
}

/** `base` ends with a slash. */
export async function checkServer(base: string, signal?: AbortSignal): Promise<Finding> {
  if (isMixed(base)) {
    return failed(
      `This page came by https and may not call ${base}, which is http (mixed content). ` +
        "Give the server a certificate, or a proxy that has one, and name it with https://.",
    );
  }
  const policy = watchPolicy();
  try {
    const response = await ask(`${base}healthz`, signal);
    const { store } = await response.json().catch(() => ({})) as { store?: string };
    if (store === "reachable") return ok(`The server at ${base} answers, and so does its store.`);
    if (store) {
      return failed(
        `The server at ${base} answers, but its store does not: nobody can start or join just now. ` +
          "Whoever runs it should look at DENO_KV_PATH and the database behind it.",
      );
    }
    return failed(
      `Something answers at ${base} (status ${response.status}), but it is not Foyer. Check the address, ` +
        "and that a proxy in front passes every path on.",
    );
  } catch {
    signal?.throwIfAborted();
    if (await policy.isBroken("connect-src")) return failed(explainPolicy(base));
    if (await isLocalNetworkDenied()) {
      return failed(
        "The browser was told not to let this page reach devices on the local network. " +
          "Allow it in the settings of this site, beside the address.",
      );
    }
    return failed(
      `Nothing answers at ${base}. Check that you are online and that the server runs; ` +
        "a firewall, a VPN or an extension can also be in the way.",
    );
  } finally {
    policy.stop();
  }
}

/** Opens the socket that every host holds. */
export async function checkSocket(
  base: string,
  signal?: AbortSignal,
): Promise<Finding & { trial?: Trial }> {
  const sessionId = makeId();
  const policy = watchPolicy();
  const socket = new WebSocket(base.replace(/^http/, "ws") + sessionId);
  const heard = Promise.withResolvers<Trial | Finding>();
  const answered = Promise.withResolvers<boolean>();
  let code = 0;
  socket.onopen = () => {
    const deposit: Deposit = { sessionId, connections: [{ offer: WORDS, answer: null }] };
    socket.send(JSON.stringify(deposit));
  };
  socket.onmessage = ({ data }) => {
    const frame: FromServer = JSON.parse(data);
    if (frame.type === "welcome") heard.resolve({ iceServers: frame.iceServers, end, pass });
    if (frame.type === "error") heard.resolve(failed(`The server refuses: ${frame.detail}.`));
    if (frame.type === "answers") answered.resolve(frame.connections[0]?.answer === WORDS);
  };
  socket.onclose = (event) => {
    code = event.code;
    heard.resolve(failed(""));
    answered.resolve(false);
  };
  try {
    const trial = await within(PATIENCE_MS, heard.promise, signal);
    if (trial && "iceServers" in trial) {
      return { ...ok("A socket opened, and the server welcomed a session of this page."), trial };
    }
    socket.close();
    if (trial?.message) return trial;
    return failed(
      await policy.isBroken("connect-src") ? explainPolicy(base) : await explainSocket(),
    );
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    policy.stop();
  }

  /** A browser does not tell a page why its socket failed; a plain request to the same address may. */
  async function explainSocket(): Promise<string> {
    const response = await ask(`${base}${sessionId}`, signal).catch(() => null);
    signal?.throwIfAborted();
    if (!response) {
      return `The server lets no page of ${location.origin} in: whoever runs it adds that origin to ALLOWED_ORIGINS.`;
    }
    if (response.status === 429) {
      return "The server has had too many requests from your network. Wait a minute, then try again.";
    }
    return `Pages come from the server, but no socket opens (${
      code || "no word in 10 seconds"
    }). A proxy or firewall ` +
      "stands in the way: let it pass WebSocket upgrades on (Upgrade and Connection headers), or try " +
      "https://, another network, or without a VPN.";
  }

  function end(): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "end" }));
    socket.close();
  }

  async function pass(signal?: AbortSignal): Promise<Finding> {
    const link = base + sessionId;
    try {
      const response = await ask(link, signal);
      const { offer, leaseExpiresAt }: Invitation = await response.json();
      if (offer !== WORDS) {
        return failed(`A link was opened, and the server said ${response.status}.`);
      }
      const body: Answer = {
        sessionId,
        offer,
        answer: WORDS,
        leaseExpiresAt: leaseExpiresAt ?? undefined,
      };
      const stored = await ask(link, signal, { method: "POST", body: JSON.stringify(body) });
      if (!stored.ok) return failed(`An answer was posted, and the server said ${stored.status}.`);
    } catch {
      signal?.throwIfAborted();
      return failed(
        `The server lets no page of ${location.origin} open links, or the network broke off. Whoever runs it ` +
          "looks at ALLOWED_ORIGINS.",
      );
    }
    if (await within(PATIENCE_MS, answered.promise, signal)) {
      return ok("A link was opened and answered, and the answer came back on the socket.");
    }
    return failed(
      "An answer was stored but did not come back on the socket. A proxy may hold messages back; where " +
        "several servers run, they must share one KV Connect server (DENO_KV_PATH).",
    );
  }
}

function ask(url: string, signal?: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  return fetch(url, {
    ...init,
    headers: { accept: "application/json" },
    cache: "no-store",
    credentials: "omit",
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  });
}

/** Mixed Content, W3C, section 4: loopback counts as secure. */
function isMixed(base: string): boolean {
  const { protocol, hostname } = new URL(base);
  return location.protocol === "https:" && protocol === "http:" &&
    !/^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}

function explainPolicy(base: string): string {
  const socket = new URL(base).origin.replace(/^http/, "ws");
  return "This page's Content-Security-Policy forbids it. Add to its connect-src: " +
    `${new URL(base).origin} ${socket}`;
}

/** Chromium asks before a public page reaches a private address (Local Network Access). */
async function isLocalNetworkDenied(): Promise<boolean> {
  const name = "local-network-access" as PermissionName;
  const status = await navigator.permissions?.query({ name }).catch(() => null);
  return status?.state === "denied";
}
