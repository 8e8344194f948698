import { Hono } from "hono";
import { HomePage } from "../islands/pages/HomePage.tsx";
import type { Settings } from "../lib/signalling/settings.ts";
import { compilePage, sendPage } from "./document.tsx";
import type { Limit } from "./limit.ts";

const DESCRIPTION = "A link that drops whoever opens it straight into a peer-to-peer session.";

/** `GET /`: where a session starts. */
export function serveHome({ iceServers, turn }: Settings, limit: Limit) {
  const render = compilePage({
    title: "Foyer",
    description: DESCRIPTION,
    data: { state: "idle" },
    content: <HomePage state="idle" />,
    script: "home.js",
  });
  // Offers that know their servers need not be made again at the welcome. TURN's credentials are for
  // those who have a session.
  const fields: Record<string, string> = turn ? {} : { iceServers: JSON.stringify(iceServers) };
  return new Hono<{ Bindings: Deno.ServeHandlerInfo }>().get(
    "/",
    limit,
    (c) => sendPage(c.req.raw, 200, render(fields)),
  );
}
