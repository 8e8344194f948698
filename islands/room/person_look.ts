/** Colours that white letters can be read on (WCAG 2.2, 4.5:1). */
const COLOURS = 8;

/** The class of a person's colour: the same for everybody, since ids are. */
export function colourOf(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return `tint-${sum % COLOURS}`;
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(" ").filter(Boolean).map((word) => [...word][0]);
  const last = words.length > 1 ? words.at(-1)! : "";
  return ((words[0] ?? "?") + last).toUpperCase();
}
