/** Errors: `application/problem+json` (RFC 9457) to a program, a page to a person. */
import type { Context } from "hono";
import { ProblemPage } from "../islands/pages/ProblemPage.tsx";
import { describeProblem, type ProblemCode, PROBLEMS } from "../lib/protocol/problems.ts";
import { InvalidInput } from "../lib/protocol/wire.ts";
import { describeError, log } from "../lib/signalling/log.ts";
import { Unavailable } from "../lib/signalling/store.ts";
import { compilePage, sendPage } from "./document.tsx";
import { wantsPage } from "./negotiate.ts";

const pages = new Map<ProblemCode, ReturnType<typeof compilePage>>();

export function answerProblem(c: Context, code: ProblemCode, detail: string): Response {
  const [status, title] = PROBLEMS[code];
  c.header("Cache-Control", "no-store");
  c.header("Vary", "Accept", { append: true });
  c.header("X-Robots-Tag", "noindex");
  if (wantsPage(c.req.header("Accept") ?? null)) {
    return sendPage(c, status, renderPage(code, title));
  }
  c.header("Referrer-Policy", "no-referrer");
  c.header("X-Content-Type-Options", "nosniff");
  const body = JSON.stringify(describeProblem(code, detail));
  return c.body(body, status, { "Content-Type": "application/problem+json" });
}

function renderPage(code: ProblemCode, title: string) {
  const page = pages.get(code) ?? compilePage({
    title: `${title} · Foyer`,
    description: title,
    data: { state: code === "no-free-offer" ? "waiting" : "failed", problem: code },
    content: <ProblemPage code={code} />,
    retry: code === "no-free-offer" ? 5 : undefined,
    script: "join.js",
  });
  pages.set(code, page);
  return page();
}

/** Whatever a route throws. */
export function answerError(error: Error, c: Context): Response {
  if (error instanceof InvalidInput) return answerProblem(c, error.code, error.message);
  if (error instanceof Unavailable) {
    log("store-unavailable", describeError(error));
    c.header("Retry-After", "2");
    return answerProblem(c, "unavailable", "Nothing was lost; try again in a moment.");
  }
  log("fault", { ...describeError(error), stack: error.stack });
  return answerProblem(c, "internal", "The fault is ours and was logged.");
}
