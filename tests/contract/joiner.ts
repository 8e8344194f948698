/** A joiner that plays by hand: it opens a link and posts an answer. */
import { assertEquals, assertMatch } from "@std/assert";
import { type Problem, type ProblemCode, PROBLEMS } from "../../lib/protocol/problems.ts";
import type { Invitation } from "../../lib/protocol/wire.ts";
import { until } from "./harness.ts";

/** What a browser's address bar asks for. */
export const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
export const PROGRAM = "application/json";

/** Where a session is: its server and its id. */
export interface Link {
  server: { origin: string };
  id: string;
}
/** A response whose body has been read. */
export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

export async function ask(url: string | URL, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { redirect: "manual", ...init });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Opens the link as a program does, unless `headers` say otherwise. */
export function openLink(link: Link, headers: HeadersInit = {}): Promise<Reply> {
  const all = new Headers({ accept: PROGRAM });
  for (const [name, value] of new Headers(headers)) all.set(name, value);
  return ask(`${link.server.origin}/${link.id}`, { headers: all });
}

/** A lease of one of the session's offers. */
export async function lease(link: Link): Promise<Invitation & Lease> {
  const reply = await openLink(link);
  assertEquals(reply.status, 200, reply.text);
  return JSON.parse(reply.text);
}
export interface Lease {
  offer: string;
  leaseExpiresAt: number;
}

/** Leases every offer that is free. */
export async function drain(link: Link): Promise<Lease[]> {
  const leases: Lease[] = [];
  while (true) {
    const reply = await openLink(link);
    if (reply.status === 503) return leases;
    assertEquals(reply.status, 200, reply.text);
    leases.push(JSON.parse(reply.text));
  }
}

/** Posts `body` (as JSON unless it is a string) as `type`. */
export function post(
  link: Link,
  body: unknown,
  type = "application/json",
  headers: HeadersInit = {},
): Promise<Reply> {
  const all = new Headers({ accept: PROGRAM, "content-type": type });
  for (const [name, value] of new Headers(headers)) all.set(name, value);
  return ask(`${link.server.origin}/${link.id}`, {
    method: "POST",
    headers: all,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** Answers the leased `offer` the way the seed spells it. */
export function answer(link: Link, offer: string, answer: string): Promise<Reply> {
  return post(link, { sessionId: link.id, offer, answer });
}

/** Answers and names the lease. */
export function answerLease(
  link: Link,
  { offer, leaseExpiresAt }: Lease,
  answer: string,
): Promise<Reply> {
  return post(link, { sessionId: link.id, offer, answer, leaseExpiresAt });
}

/** Gives the offer back as a closing page does: by sendBeacon, as text/plain. */
export function giveBack(link: Link, { offer, leaseExpiresAt }: Lease): Promise<Reply> {
  return post(
    link,
    { sessionId: link.id, offer, answer: null, leaseExpiresAt },
    "text/plain;charset=UTF-8",
  );
}

/** Repeats an answer that was accepted until the server says that the primary is away. */
export async function untilAway(link: Link, offer: string, text: string): Promise<void> {
  await until(
    "the server to see that the primary is away",
    async () => {
      const reply = await answer(link, offer, text);
      assertEquals(reply.status, 202, reply.text);
      return JSON.parse(reply.text).primary;
    },
    (primary) => primary === "away",
  );
}

/** Opens the link, leasing nothing, until the status is `status`. */
export function untilStatus(link: Link, status: number, ms?: number): Promise<Reply> {
  return until(
    `status ${status} at the link`,
    () => openLink(link, { "sec-purpose": "prefetch" }),
    (reply) => reply.status === status,
    ms,
  );
}

/** Holds `reply` to RFC 9457 and to the documented word for what is wrong. */
export function assertProblem(reply: Reply, code: ProblemCode): Problem {
  const [status, title] = PROBLEMS[code];
  assertEquals(reply.status, status, reply.text);
  assertMatch(reply.headers.get("content-type") ?? "", /^application\/problem\+json\b/);
  const problem = JSON.parse(reply.text) as Problem;
  assertEquals(problem.status, status);
  assertEquals(problem.code, code);
  assertEquals(problem.title, title);
  assertEquals(typeof problem.type, "string");
  assertMatch(problem.detail, /\S/);
  return problem;
}
