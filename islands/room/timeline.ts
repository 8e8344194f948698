import type { Transfer } from "./transfers.ts";

/** What happened in the room, in its order. */
export type Entry =
  & { readonly key: number; readonly at: Date }
  & (
    | { readonly kind: "line"; readonly from: string; readonly name: string; readonly text: string }
    | { readonly kind: "note"; readonly text: string }
    | {
      readonly kind: "file";
      readonly from: string;
      readonly name: string;
      readonly transfer: Transfer;
    }
  );

type Happening = Entry extends infer E ? E extends Entry ? Omit<E, "key" | "at"> : never : never;

/** Most entries a page keeps; files that are here or on their way stay besides. */
const MAX_ENTRIES = 300;

export class Timeline {
  #entries: readonly Entry[] = [];
  #next = 0;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  add(happening: Happening): void {
    const last = this.#entries.at(-1);
    // Said once is enough, also where somebody tries it a hundred times.
    if (happening.kind === "note" && last?.kind === "note" && last.text === happening.text) return;
    const entry = { ...happening, key: this.#next++, at: new Date() } as Entry;
    const oldest = this.#entries.length < MAX_ENTRIES ? -1 : this.#entries.findIndex(canGo);
    this.#entries = [...this.#entries.filter((_, i) => i !== oldest), entry];
  }
}

function canGo(entry: Entry): boolean {
  if (entry.kind !== "file") return true;
  const { transfer } = entry;
  return transfer.state !== "moving" && !(transfer.kind === "receiving" && transfer.url);
}
