/** Errors: `application/problem+json` (RFC 9457) to a program, a page to a person. */
import { ProblemPage } from "../islands/pages/ProblemPage.tsx";
import { describeProblem, type ProblemCode, PROBLEMS } from "../lib/protocol/problems.ts";
import { InvalidInput } from "../lib/protocol/wire.ts";
import { describeError, log } from "../lib/signalling/log.ts";
import { Unavailable } from "../lib/signalling/unavailable.ts";
import { type Fields, vary } from "./cors.ts";
import { compilePage, sendPage } from "./document.tsx";
import { wantsPage } from "./negotiate.ts";

const pages = new Map<ProblemCode, ReturnType<typeof compilePage>>();

export function answerProblem(
  request: Request,
  code: ProblemCode,
  detail: string,
  fields: Fields = {},
): Response {
  const [status, title] = PROBLEMS[code];
  const headers = {
    ...fields,
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    "Vary": vary(fields, "Accept"),
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };
  if (wantsPage(request.headers.get("Accept"))) {
    return sendPage(request, status, renderPage(code, title), headers);
  }
  const body = request.method === "HEAD" ? null : JSON.stringify(describeProblem(code, detail));
  return new Response(body, { status, headers });
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
export function answerError(error: unknown, request: Request, fields: Fields = {}): Response {
  if (error instanceof InvalidInput) {
    return answerProblem(request, error.code, error.message, fields);
  }
  if (error instanceof Unavailable) {
    log("store-unavailable", describeError(error));
    const retry = { ...fields, "Retry-After": "2" };
    return answerProblem(request, "unavailable", "Nothing was lost; try again in a moment.", retry);
  }
  log("fault", { ...describeError(error), stack: (error as Error)?.stack });
  return answerProblem(request, "internal", "The fault is ours and was logged.", fields);
}
