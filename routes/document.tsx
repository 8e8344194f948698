/** The frame of every page, rendered once and filled in for each request. */
import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { assets } from "../dist/assets.ts";
import { addressOf } from "../lib/build/asset.ts";
import { ICON } from "../islands/icon.ts";
import { makeId } from "../lib/protocol/ids.ts";
import { type Fields, vary } from "./cors.ts";
import { chooseEncoding } from "./encoding.ts";
import { deflatePiece, joinPieces, type Piece } from "./gzip.ts";

export interface Page {
  title: string;
  description: string;
  /** `data-*` attributes of `<main>`, from which the island takes over. */
  data?: Record<string, string>;
  content: VNode;
  /** What the island shows in its place where nothing can be loaded any more. */
  fallback?: VNode;
  /** Seconds after which a page without script tries again. */
  retry?: number;
  /** The island's file. It is sent inside the page: one round trip brings all. */
  script?: "home.js" | "join.js" | "check.js";
  /** Its style beside that of every page, sent inside it too. */
  style?: "check.css";
}

interface Part {
  text: string;
  /** As gzip has it, where it was needed before. */
  piece?: Piece;
}

/** A page for one request, and the policy that fits its nonce. */
export interface FilledPage {
  parts: Part[];
  policy: string;
}

// Words that nobody can put into a target, or anywhere else in a page.
const NONCE = makeId();
const FIELDS = makeId();

/** A function that fills the page in with hidden fields, by their names. */
export function compilePage(page: Page): (fields?: Record<string, string>) => FilledPage {
  const parts = renderFrame(page).split(new RegExp(`(${NONCE}|${FIELDS})`)).map((text): Part => ({
    text,
  }));
  return (fields: Record<string, string> = {}) => {
    const nonce = makeId();
    const hidden = Object.entries(fields).map(renderField).join("");
    return {
      parts: parts.map((part) =>
        part.text === NONCE ? { text: nonce } : part.text === FIELDS ? { text: hidden } : part
      ),
      policy: writePolicy(nonce),
    };
  };
}

function renderFrame(
  { title, description, data = {}, content, fallback, retry, script, style }: Page,
): string {
  const attributes = Object.fromEntries(
    Object.entries(data).map(([name, value]) => [`data-${name}`, value]),
  );
  return "<!doctype html>" + renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <meta name="description" content={description} />
        <meta property="og:title" content={title} />
        <meta property="og:description" content={description} />
        <meta name="color-scheme" content="light dark" />
        {retry && (
          <noscript>
            <meta http-equiv="refresh" content={String(retry)} />
          </noscript>
        )}
        <link rel="icon" href={script === "join.js" ? "data:," : ICON} />
        <style nonce={NONCE} dangerouslySetInnerHTML={{ __html: assets["style.css"].body }} />
        {style && <style nonce={NONCE} dangerouslySetInnerHTML={{ __html: assets[style].body }} />}
      </head>
      <body>
        {FIELDS}
        <main id="foyer" {...attributes} data-room={addressOf(assets["room.js"])}>{content}</main>
        {fallback && <template>{fallback}</template>}
        {script && (
          <script
            type={script === "join.js" ? undefined : "module"}
            nonce={NONCE}
            dangerouslySetInnerHTML={readScript(script)}
          />
        )}
      </body>
    </html>,
  );
}

function readScript(name: NonNullable<Page["script"]>) {
  return { __html: assets[name].body.replaceAll("</script", "<\\/script") };
}

/** As the contract writes it. A parser folds CR LF into LF, so those two are written as numbers. */
function renderField([name, value]: [string, string]): string {
  return `<input type="hidden" name="${name}" value="${escapeAttribute(value)}">`;
}

const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
  "\n": "&#10;",
};

function escapeAttribute(value: string): string {
  return value.replace(/[&<>"\r\n]/g, (character) => ESCAPES[character]);
}

function writePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "media-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** A page with the headers that all of ours have, and with `fields`. */
export function sendPage(
  request: Request,
  status: number,
  page: FilledPage,
  fields: Fields = {},
): Response {
  const headers: Fields = {
    ...fields,
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": page.policy,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": vary(fields, "Accept-Encoding"),
  };
  const isGzip = chooseEncoding(request.headers.get("Accept-Encoding"), ["gzip"]);
  if (isGzip) headers["Content-Encoding"] = "gzip";
  if (request.method === "HEAD") return new Response(null, { status, headers });
  const body = isGzip
    ? joinPieces(page.parts.map((part) => part.piece ??= deflatePiece(part.text)))
    : page.parts.map(({ text }) => text).join("");
  return new Response(body, { status, headers });
}
