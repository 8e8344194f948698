import { Hono } from "hono";
import { CheckPage } from "../islands/pages/CheckPage.tsx";
import { compilePage, sendPage } from "./document.tsx";
import type { Limit } from "./limit.ts";

/** `GET /check`: what stands between this browser and a session. */
export function serveCheck(limit: Limit) {
  const render = compilePage({
    title: "Test your connection · Foyer",
    description: "What connecting needs, checked one by one, and what helps where it is missing.",
    data: { state: "checking" },
    content: <CheckPage checks={[]} />,
    script: "check.js",
    style: "check.css",
  });
  return new Hono<{ Bindings: Deno.ServeHandlerInfo }>().get(
    "/check",
    limit,
    (c) => sendPage(c.req.raw, 200, render()),
  );
}
