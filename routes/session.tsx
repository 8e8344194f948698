/**
 * A session's link.
 *
 *   GET        the loading page with one leased offer in hidden fields, or an Invitation as JSON
 *   POST       a joiner's answer, or its offer back
 *   WebSocket  the primary (see lib/signalling/primary_socket.ts)
 */
import { type Context, Hono } from "hono";
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
import { mayCall, shareWith } from "./cors.ts";
import { compilePage, sendPage } from "./document.tsx";
import type { Limit } from "./limit.ts";
import { wantsInvitation } from "./negotiate.ts";
import { answerProblem } from "./problem.tsx";

const METHODS = "GET, HEAD, POST, OPTIONS";
const TITLE = "You are invited · Foyer";
const DESCRIPTION = "Open this link to come straight into the session.";
/** Seconds until an offer is likely to be free. */
const RETRY_AFTER = "1";

export function serveSession(signalling: Signalling, limit: Limit) {
  const renderJoin = compileJoin(null);
  const { allowedOrigins } = signalling.settings;
  const app = new Hono<{ Bindings: Deno.ServeHandlerInfo }>();

  // Before anything that would touch the response: an upgrade's must reach the server as it is.
  app.get("/:sessionId", async (c, next) => {
    const id = c.req.param("sessionId");
    const isUpgrade = c.req.header("Upgrade")?.toLowerCase() === "websocket";
    if (!isUpgrade || !SESSION_ID.test(id)) return await next();
    return await limit(c, async () => {}) ?? upgrade(c, id);
  });
  app.use("/:sessionId", shareWith(allowedOrigins), limit, async (c, next) => {
    if (SESSION_ID.test(c.req.param("sessionId")!)) return await next();
    return answerProblem(c, "no-such-session", "An id is 20 to 64 characters of A-Z a-z 0-9 _ -.");
  });

  app.get("/:sessionId", async (c) => {
    const id = c.req.param("sessionId");
    const found = await lease(c, id);
    if (typeof found === "string") return answerUnjoinable(c, found);
    c.header("Referrer-Policy", "no-referrer");
    c.header("X-Robots-Tag", "noindex");
    c.header("X-Content-Type-Options", "nosniff");
    c.header("Cache-Control", "no-store");
    c.header("Vary", "Accept", { append: true });
    const invitation: Invitation = {
      sessionId: id,
      ...found,
      iceServers: found.offer ? signalling.iceServers() : [],
    };
    if (wantsInvitation(c.req.header("Accept") ?? null)) return c.json(invitation);
    const render = found.target ? compileJoin(found.target) : renderJoin;
    return sendPage(c, 200, render(writeFields(invitation)));
  });

  app.post("/:sessionId", async (c) => {
    const text = await readBody(c, MAX_BODY);
    if (text instanceof Response) return text;
    const value = parseJson(text);
    const isGiveBack = (value as GiveBack | null)?.answer === null;
    const body = isGiveBack ? check(GiveBack, value) : check(Answer, value);
    if (body.sessionId !== c.req.param("sessionId")) {
      return answerProblem(c, "invalid", "sessionId: differs from the address");
    }
    const result = body.answer === null
      ? await signalling.giveBack(body)
      : await signalling.answer(body);
    if (result === "given-back") return c.body(null, 204);
    if (result === "not-leased" || result === "offer-unavailable") {
      return answerProblem(c, "offer-unavailable", "Ask for a fresh offer.");
    }
    if (typeof result === "string") return answerUnjoinable(c, result);
    c.header("Cache-Control", "no-store");
    return c.json({ sessionId: body.sessionId, ...result }, 202);
  });

  app.options("/:sessionId", (c) => c.body(null, 204, { Allow: METHODS }));
  app.all("/:sessionId", (c) => {
    c.header("Allow", METHODS);
    return answerProblem(c, "method-not-allowed", `${c.req.method} is none of ${METHODS}.`);
  });
  return app;

  /** What a GET gets; a HEAD or a prefetch takes no offer from a person. */
  async function lease(c: Context, id: string) {
    const isLooking = c.req.method === "HEAD" || c.req.header("Sec-Purpose")?.includes("prefetch");
    if (!isLooking) return await signalling.lease(id);
    const found = await signalling.find(id);
    if (typeof found === "string") return found;
    return { offer: null, leaseExpiresAt: null, target: found.target };
  }

  function upgrade(c: Context, id: string): Response {
    if (!mayCall(c, allowedOrigins)) {
      return answerProblem(c, "forbidden", "Pages of this origin may not open a socket here.");
    }
    if (signalling.isClosing) {
      c.header("Retry-After", RETRY_AFTER);
      return answerProblem(c, "unavailable", "This server is closing; come back.");
    }
    const url = new URL(c.req.url);
    if (c.req.header("X-Forwarded-Proto") === "https") url.protocol = "https:";
    try {
      const { socket, response } = Deno.upgradeWebSocket(c.req.raw, { idleTimeout: 30 });
      signalling.serve(socket, { id, link: `${url.origin}/${id}` });
      return response;
    } catch (error) {
      return answerProblem(c, "invalid", `Not a WebSocket handshake: ${(error as Error).message}`);
    }
  }
}

function answerUnjoinable(c: Context, why: "no-free-offer" | Gone): Response {
  if (why === "no-free-offer") {
    c.header("Retry-After", RETRY_AFTER);
    return answerProblem(c, why, "No offer is free just now; the host has been asked for more.");
  }
  if (why === "ended") return answerProblem(c, why, "Its host has ended it, or did not come back.");
  return answerProblem(c, why, "The link may be mistyped, or the session is long over.");
}

function compileJoin(target: string | null) {
  return compilePage({
    title: TITLE,
    description: DESCRIPTION,
    data: { state: "finding" },
    content: <JoinPage state="finding" target={target} />,
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
