/** Reads a page as a browser with scripts turned off does (WHATWG HTML parsing). */
import { type DefaultTreeAdapterTypes, parse } from "parse5";

type Node = DefaultTreeAdapterTypes.Node;
export interface Element {
  name: string;
  attributes: Record<string, string>;
}

/** Every element of `html`, in document order. */
export function readElements(html: string): Element[] {
  const found: Element[] = [];
  const visit = (node: Node) => {
    if ("tagName" in node) {
      found.push({
        name: node.tagName,
        attributes: Object.fromEntries(node.attrs.map(({ name, value }) => [name, value])),
      });
    }
    if ("content" in node) visit(node.content);
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(html, { scriptingEnabled: false }));
  return found;
}

/** The hidden fields of `html` by name. */
export function readFields(html: string): Record<string, string> {
  return Object.fromEntries(
    readElements(html)
      .filter(({ name, attributes }) => name === "input" && attributes.type === "hidden")
      .map(({ attributes }) => [attributes.name, attributes.value]),
  );
}

/** The words of `html` that a person sees. */
export function readWords(html: string): string {
  const words: string[] = [];
  const visit = (node: Node) => {
    if (node.nodeName === "#text" && "value" in node) words.push(node.value);
    if (["head", "script", "style", "template"].includes(node.nodeName)) return;
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(parse(html, { scriptingEnabled: false }));
  return words.join(" ").replace(/\s+/g, " ").trim();
}

/** The directives of a Content-Security-Policy by name (CSP level 3 section 2.2). */
export function readPolicy(headers: Headers): Record<string, string[]> {
  return Object.fromEntries(
    (headers.get("content-security-policy") ?? "").split(";")
      .map((directive) => directive.trim().split(/\s+/))
      .filter(([name]) => name)
      .map(([name, ...sources]) => [name.toLowerCase(), sources]),
  );
}
