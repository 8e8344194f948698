import type { Hello } from "./messages.ts";
import type { Tints } from "./person_look.ts";

export interface Person {
  readonly id: string;
  readonly name: string;
  /** Class of the person's colour. */
  readonly tint: string;
  readonly isMe: boolean;
  readonly isHost: boolean;
  /** Has an open link to this client. */
  readonly isLinked: boolean;
  /** Had one that is silent, and may come back. */
  readonly isAway: boolean;
}

/** A link between two people; `a` comes before `b` in `Mesh.people`. */
export interface Link {
  readonly a: string;
  readonly b: string;
  readonly isOpen: boolean;
}

/** Who is here and which links are open, as far as this client knows. */
export interface Mesh {
  /** This client's person first, the others by id, so that everybody keeps a place. */
  readonly people: readonly Person[];
  readonly links: readonly Link[];
  readonly isComplete: boolean;
}

export interface MeshSource {
  readonly self: string;
  readonly primary: string;
  readonly name: string;
  /** Ids of the peers with an open link to this client. */
  readonly open: ReadonlySet<string>;
  /** Ids of the peers whose link to this client is silent. */
  readonly away: ReadonlySet<string>;
  /** The last hello of each peer with an open link. */
  readonly hellos: ReadonlyMap<string, Hello>;
  readonly tints: Tints;
}

/**
 * The mesh out of this client's links and everybody's hellos. Only the primary's word makes
 * somebody a member before there is a link: it introduces, and nobody else can invent people.
 */
export function drawMesh({ self, primary, name, open, away, hellos, tints }: MeshSource): Mesh {
  const others = new Set([...open, ...away, ...hellos.get(primary)?.peers ?? []]);
  others.delete(self);
  const people = [self, ...[...others].sort()].map((id): Person => ({
    id,
    name: id === self
      ? name
      : hellos.get(id)?.name ?? (open.has(id) || away.has(id) ? "Someone" : "Joining…"),
    tint: tints.of(id),
    isMe: id === self,
    isHost: id === primary,
    isLinked: open.has(id),
    isAway: away.has(id),
  }));
  const links = people.flatMap(({ id: a }, i) =>
    people.slice(i + 1).flatMap(({ id: b }): Link[] => {
      if (a === self) return [{ a, b, isOpen: open.has(b) }];
      // Two pages with other software never say what is between them.
      if (!hellos.has(a) && !hellos.has(b)) return [];
      return [{
        a,
        b,
        isOpen: !!(hellos.get(a)?.peers.includes(b) || hellos.get(b)?.peers.includes(a)),
      }];
    })
  );
  return { people, links, isComplete: links.every(({ isOpen }) => isOpen) };
}
