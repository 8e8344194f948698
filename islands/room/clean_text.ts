// Control characters, and the marks that turn the direction of text around them (Unicode UAX 9).
// deno-lint-ignore no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** One line of at most `length` characters out of what somebody else wrote. */
export function cleanLine(text: string, length: number): string {
  const line = text.slice(0, length * 4).replace(UNSEEN, " ").replace(/\s+/g, " ").trim();
  return [...line].slice(0, length).join("");
}

/** A file name that shows its real end and stays in its folder. */
export function cleanFileName(name: string): string {
  const line = cleanLine(name.replace(/[/\\]/g, "_"), 200);
  return line || "file";
}
