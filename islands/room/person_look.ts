/** Colours of people; `.tint-0` and so on in room.css. */
const TINTS = 8;

/** Hands out colours: the one an id asks for, so that most people see the same, else a free one. */
export class Tints {
  readonly #tints = new Map<string, number>();

  /** The class of this person's colour. */
  of(id: string): string {
    let tint = this.#tints.get(id);
    if (tint === undefined) {
      tint = this.#choose(id);
      this.#tints.set(id, tint);
    }
    return `tint-${tint}`;
  }

  /** Gives back the colours of those who are neither here nor to be seen in what was said. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#tints.keys()) if (!ids.has(id)) this.#tints.delete(id);
  }

  #choose(id: string): number {
    const wish = hash(id) % TINTS;
    const taken = new Set(this.#tints.values());
    for (let i = 0; i < TINTS; i++) {
      if (!taken.has((wish + i) % TINTS)) return (wish + i) % TINTS;
    }
    return wish;
  }
}

function hash(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)!) >>> 0;
  return sum;
}

/** One or two letters that stand for a name. */
export function initialsOf(name: string): string {
  const words = name.split(" ").filter(Boolean).map((word) => [...word][0]);
  const last = words.length > 1 ? words.at(-1)! : "";
  return ((words[0] ?? "?") + last).toUpperCase();
}
