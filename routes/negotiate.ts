/** Proactive negotiation (RFC 9110 section 12.5.1) between a page and JSON. */

/** How much `accept` wants `type`, from 0 to 1; the most specific range decides. */
function weigh(accept: string, type: string): number {
  const [major] = type.split("/");
  let best = { specific: -1, weight: 0 };
  for (const part of accept.toLowerCase().split(",")) {
    const [range, ...parameters] = part.split(";").map((piece) => piece.trim());
    const specific = [`*/*`, `${major}/*`, type].indexOf(range);
    if (specific <= best.specific) continue;
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    best = { specific, weight: weight >= 0 && weight <= 1 ? weight : 0 };
  }
  return best.weight;
}

/** A session's link gives its page to everyone who does not ask for JSON by name. */
export function wantsInvitation(accept: string | null): boolean {
  if (!accept?.toLowerCase().includes("application/json")) return false;
  return weigh(accept, "application/json") >= weigh(accept, "text/html") &&
    weigh(accept, "application/json") > 0;
}

/** Errors are pages only to those who ask for pages by name. */
export function wantsPage(accept: string | null): boolean {
  if (!accept?.toLowerCase().includes("text/html")) return false;
  const json = Math.max(
    ...["application/json", "application/problem+json"].map((type) =>
      accept.toLowerCase().includes(type) ? weigh(accept, type) : 0
    ),
  );
  return weigh(accept, "text/html") > json;
}
