import type { Mesh, Person } from "./mesh.ts";
import { initialsOf } from "./person_look.ts";

const SIZE = 240;
const CENTRE = SIZE / 2;

/** Everybody on a circle, this client's person at its foot, and a line for each link. */
export function MeshPicture({ mesh }: { mesh: Mesh }) {
  const { people, links } = mesh;
  const node = people.length > 9 ? 15 : people.length > 5 ? 19 : 24;
  const radius = people.length > 1 ? CENTRE - node - 6 : 0;
  const places = new Map(people.map(({ id }, i) => {
    const angle = Math.PI / 2 + 2 * Math.PI * i / people.length;
    return [id, [CENTRE + radius * Math.cos(angle), CENTRE + radius * Math.sin(angle)]];
  }));
  return (
    <svg class="mesh" viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label={describeMesh(mesh)}>
      <circle class="ring" cx={CENTRE} cy={CENTRE} r={CENTRE - node - 6} />
      {links.map(({ a, b, isOpen }) => {
        const [x1, y1] = places.get(a)!;
        const [x2, y2] = places.get(b)!;
        return (
          <line
            key={`${a} ${b}`}
            class={isOpen ? "open" : "opening"}
            {...{ x1, y1, x2, y2 }}
          />
        );
      })}
      {people.map(({ id, name, tint, isMe, isLinked }) => {
        const [x, y] = places.get(id)!;
        return (
          <g
            key={id}
            class={`node ${tint} ${isMe || isLinked ? "" : "coming"}`}
            transform={`translate(${x} ${y})`}
          >
            <circle r={node} />
            <text dy="0.35em" font-size={node * 0.75}>{initialsOf(name)}</text>
          </g>
        );
      })}
    </svg>
  );
}

function describeMesh({ people, links, isComplete }: Mesh): string {
  if (people.length === 1) return "Only you are here.";
  const open = links.filter((link) => link.isOpen);
  if (isComplete) return `${people.length} people, everyone connected to everyone.`;
  const nameOf = (id: string) => nameIn(people, id);
  const waiting = links.filter((link) => !link.isOpen)
    .map(({ a, b }) => `${nameOf(a)} and ${nameOf(b)}`);
  return `${people.length} people, ${open.length} of ${links.length} links open. ` +
    `Still connecting: ${waiting.join(", ")}.`;
}

function nameIn(people: readonly Person[], id: string): string {
  const person = people.find((person) => person.id === id)!;
  return person.isMe ? "you" : person.name;
}
