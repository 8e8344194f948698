import { gzipSync } from "node:zlib";
import { type Context, Hono } from "hono";
import { HomePage } from "../islands/pages/HomePage.tsx";
import type { Settings } from "../lib/signalling/settings.ts";
import { compilePage } from "./document.tsx";
import { chooseEncoding } from "./encoding.ts";

/** A page and its script must fit the first round trip of a connection; higher gains nothing more. */
const GZIP_LEVEL = 4;
const DESCRIPTION = "A link that drops whoever opens it straight into a peer-to-peer session.";

/** `GET /`: where a session starts. */
export function serveHome({ iceServers, turn }: Settings) {
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
  return new Hono().get("/", (c) => sendPage(c, 200, render(fields)));
}

/** A page with the headers that all of ours have. */
export function sendPage(c: Context, status: number, page: { html: string; policy: string }) {
  c.header("Content-Security-Policy", page.policy);
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cache-Control", "no-store");
  c.header("Vary", "Accept-Encoding", { append: true });
  if (!chooseEncoding(c.req.header("Accept-Encoding"), ["gzip"])) {
    return c.html(page.html, status as 200);
  }
  c.header("Content-Encoding", "gzip");
  c.header("Content-Type", "text/html; charset=utf-8");
  return c.body(Uint8Array.from(gzipSync(page.html, { level: GZIP_LEVEL })), status as 200);
}
