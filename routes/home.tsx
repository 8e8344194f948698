import { type Context, Hono } from "hono";
import { HomePage } from "../islands/pages/HomePage.tsx";
import { compilePage } from "./document.tsx";

const DESCRIPTION = "A link that drops whoever opens it straight into a peer-to-peer session.";

/** `GET /`: where a session starts. */
export function serveHome() {
  const render = compilePage({
    title: "Foyer",
    description: DESCRIPTION,
    data: { state: "idle" },
    content: <HomePage state="idle" />,
    script: "home.js",
  });
  return new Hono().get("/", (c) => sendPage(c, 200, render()));
}

/** A page with the headers that all of ours have. */
export function sendPage(c: Context, status: number, page: { html: string; policy: string }) {
  c.header("Content-Security-Policy", page.policy);
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Cache-Control", "no-store");
  return c.html(page.html, status as 200);
}
