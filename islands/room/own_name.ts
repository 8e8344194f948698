import { openStorage } from "../open_storage.ts";
import { cleanLine } from "./clean_text.ts";

/** Most characters of a person's name. */
export const MAX_NAME = 32;

const KEPT_AS = "foyer.name";
const MANNERS = ["Calm", "Merry", "Bright", "Quick", "Kind", "Bold", "Quiet", "Sunny", "Wise"];
const ANIMALS = ["Otter", "Heron", "Badger", "Lynx", "Robin", "Hare", "Marten", "Finch", "Seal"];

/** The name this browser's person chose, or a friendly one to begin with. */
export function readOwnName(): string {
  const kept = openStorage("localStorage")?.getItem(KEPT_AS) ??
    openStorage("sessionStorage")?.getItem(KEPT_AS);
  return cleanLine(kept ?? "", MAX_NAME) || makeName();
}

/** Two tabs of one browser are two people until somebody chooses a name. */
function makeName(): string {
  const name = `${pick(MANNERS)} ${pick(ANIMALS)}`;
  openStorage("sessionStorage")?.setItem(KEPT_AS, name);
  return name;
}

export function keepOwnName(name: string): void {
  openStorage("localStorage")?.setItem(KEPT_AS, name);
}

function pick(words: readonly string[]): string {
  return words[crypto.getRandomValues(new Uint8Array(1))[0] % words.length];
}
