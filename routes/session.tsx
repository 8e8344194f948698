/**
 * A session's link.
 *
 *   GET        the loading page with one leased offer in hidden fields, or an Invitation as JSON
 *   POST       a joiner's answer, or its offer back
 *   WebSocket  the primary (see lib/signalling/primary_socket.ts)
 */
import { JoinPage } from "../islands/pages/JoinPage.tsx";
import { SESSION_ID } from "../lib/protocol/ids.ts";
import {
  Answer,
  check,
  GiveBack,
  type Invitation,
  MAX_BODY,
  parseJson,
} from "../lib/protocol/wire.ts";
import type { Gone } from "../lib/signalling/context.ts";
import type { Signalling } from "../lib/signalling/signalling.ts";
import { readBody } from "./body.ts";
import { type Fields, mayCall, shareWith, vary } from "./cors.ts";
import { compilePage, sendPage } from "./document.tsx";
import { answerTooMany, readAddress } from "./limit.ts";
import { wantsInvitation } from "./negotiate.ts";
import { answerError, answerProblem } from "./problem.tsx";

const METHODS = "GET, HEAD, POST, OPTIONS";
const TITLE = "You are invited · Foyer";
const DESCRIPTION = "Open this link to come straight into the session.";
/** Seconds until an offer is likely to be free. */
const RETRY_AFTER = "1";
/** Seconds until an address that holds all the sockets it may is likely to hold fewer. */
const SOCKET_RETRY = 30;

/** Header fields of an Invitation, and of what a POST is answered. */
const PRIVATE = {
  "Referrer-Policy": "no-referrer",
  "X-Robots-Tag": "noindex",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
};
const JSON_TYPE = { "Content-Type": "application/json", "Cache-Control": "no-store" };

export interface SessionRoute {
  answer(
    request: Request,
    info: Deno.ServeHandlerInfo | undefined,
    id: string,
  ): Response | Promise<Response>;
  /** The answer, where the request's address is a session's. */
  tryAnswer(
    request: Request,
    info: Deno.ServeHandlerInfo | undefined,
  ): Response | Promise<Response> | null;
}

export function serveSession(signalling: Signalling): SessionRoute {
  const renderJoin = compileJoin(null);
  const { limits, refusals } = signalling;
  const { allowedOrigins, trustedProxies } = signalling.settings;

  return {
    answer,
    tryAnswer(request, info) {
      const id = readPath(request.url);
      return SESSION_ID.test(id) ? answer(request, info, id) : null;
    },
  };

  /** Who is turned away is so before anything else is done: that may be most of what comes. */
  function answer(
    request: Request,
    info: Deno.ServeHandlerInfo | undefined,
    id: string,
  ): Response | Promise<Response> {
    const fields = shareWith(allowedOrigins, request);
    const isId = SESSION_ID.test(id);
    const address = readAddress(request, info, trustedProxies);
    const wait = address === null ? 0 : limits.request(address, isId ? id : null);
    if (wait > 0) return refusals.take(() => answerTooMany(request, wait, fields));
    if (!isId) {
      const detail = "An id is 20 to 64 characters of A-Z a-z 0-9 _ -.";
      return answerProblem(request, "no-such-session", detail, fields);
    }
    const report = (error: unknown) => answerError(error, request, fields);
    switch (request.method) {
      case "GET":
        if (request.headers.get("Upgrade")?.toLowerCase() === "websocket") {
          return upgrade(request, id, address);
        }
        if (signalling.isCrowded(id)) {
          return refusals.take(() => answerUnjoinable(request, "no-free-offer", fields));
        }
        return invite(request, id, address, fields).catch(report);
      case "HEAD":
        return invite(request, id, address, fields).catch(report);
      case "POST":
        return take(request, id, fields).catch(report);
      case "OPTIONS":
        return new Response(null, { status: 204, headers: { ...fields, Allow: METHODS } });
    }
    const detail = `${request.method} is none of ${METHODS}.`;
    return answerProblem(request, "method-not-allowed", detail, { ...fields, Allow: METHODS });
  }

  async function invite(
    request: Request,
    id: string,
    address: string | null,
    fields: Fields,
  ): Promise<Response> {
    const found = await lease(request, id, address);
    if (found === "crowded") return answerCrowded(request, fields);
    if (typeof found === "string") return answerUnjoinable(request, found, fields);
    const invitation: Invitation = {
      sessionId: id,
      ...found,
      iceServers: found.offer ? signalling.iceServers() : [],
    };
    const all = { ...PRIVATE, ...fields, Vary: vary(fields, "Accept") };
    if (!wantsInvitation(request.headers.get("Accept"))) {
      const render = found.target ? compileJoin(found.target) : renderJoin;
      return sendPage(request, 200, render(writeFields(invitation)), all);
    }
    const headers = { ...all, ...JSON_TYPE };
    if (request.method === "HEAD") return new Response(null, { headers });
    return new Response(JSON.stringify(invitation), { headers });
  }

  async function take(request: Request, id: string, fields: Fields): Promise<Response> {
    const text = await readBody(request, MAX_BODY, fields);
    if (text instanceof Response) return text;
    const value = parseJson(text);
    const isGiveBack = (value as GiveBack | null)?.answer === null;
    const body = isGiveBack ? check(GiveBack, value) : check(Answer, value);
    if (body.sessionId !== id) {
      return answerProblem(request, "invalid", "sessionId: differs from the address", fields);
    }
    const result = body.answer === null
      ? await signalling.giveBack(body)
      : await signalling.answer(body);
    if (result === "crowded") return answerCrowded(request, fields);
    if (result === "given-back") return new Response(null, { status: 204, headers: fields });
    if (result === "not-leased" || result === "offer-unavailable") {
      return answerProblem(request, "offer-unavailable", "Ask for a fresh offer.", fields);
    }
    if (typeof result === "string") return answerUnjoinable(request, result, fields);
    const stored = JSON.stringify({ sessionId: id, ...result });
    return new Response(stored, { status: 202, headers: { ...fields, ...JSON_TYPE } });
  }

  /** What a GET gets; a HEAD or a prefetch takes no offer from a person. */
  async function lease({ method, headers }: Request, id: string, address: string | null) {
    const isLooking = method === "HEAD" || headers.get("Sec-Purpose")?.includes("prefetch");
    if (!isLooking) return await signalling.lease(id, address);
    const found = await signalling.find(id);
    if (typeof found === "string") return found;
    return { offer: null, leaseExpiresAt: null, target: found.target };
  }

  function upgrade(
    request: Request,
    id: string,
    address: string | null,
  ): Response | Promise<Response> {
    if (!mayCall(request, allowedOrigins)) {
      const detail = "Pages of this origin may not open a socket here.";
      return answerProblem(request, "forbidden", detail);
    }
    if (signalling.isClosing) {
      const detail = "This server is closing; come back.";
      return answerProblem(request, "unavailable", detail, { "Retry-After": RETRY_AFTER });
    }
    const letGo = address === null ? () => {} : limits.hold(address);
    if (!letGo) return refusals.take(() => answerTooMany(request, SOCKET_RETRY));
    const url = new URL(request.url);
    if (request.headers.get("X-Forwarded-Proto") === "https") url.protocol = "https:";
    try {
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 30 });
      socket.addEventListener("close", letGo);
      signalling.serve(socket, { id, link: `${url.origin}/${id}`, address });
      return response;
    } catch (error) {
      letGo();
      const detail = `Not a WebSocket handshake: ${(error as Error).message}`;
      return answerProblem(request, "invalid", detail);
    }
  }
}

/** What comes after the first slash of an address, without its query. */
function readPath(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2) + 1;
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

function answerCrowded(request: Request, fields: Fields): Response {
  const detail = "Too many ask at a time; try again in a moment.";
  return answerProblem(request, "unavailable", detail, { ...fields, "Retry-After": RETRY_AFTER });
}

function answerUnjoinable(
  request: Request,
  why: "no-free-offer" | Gone,
  fields: Fields,
): Response {
  if (why === "no-free-offer") {
    const detail = "No offer is free just now; the host has been asked for more.";
    return answerProblem(request, why, detail, { ...fields, "Retry-After": RETRY_AFTER });
  }
  const detail = why === "ended"
    ? "Its host has ended it, or did not come back."
    : "The link may be mistyped, or the session is long over.";
  return answerProblem(request, why, detail, fields);
}

function compileJoin(target: string | null) {
  return compilePage({
    title: TITLE,
    description: DESCRIPTION,
    data: { state: "finding" },
    content: <JoinPage state="finding" target={target} />,
    fallback: <JoinPage state="failed" code="unreachable" />,
    script: "join.js",
  });
}

function writeFields({ sessionId, offer, leaseExpiresAt, target, iceServers }: Invitation) {
  return {
    sessionId,
    ...(offer !== null && { offer, leaseExpiresAt: String(leaseExpiresAt) }),
    ...(target !== null && { target }),
    iceServers: JSON.stringify(iceServers),
  };
}
