import type { Person } from "./mesh.ts";
import { MAX_NAME } from "./own_name.ts";
import type { Paths } from "./paths.ts";
import { initialsOf } from "./person_look.ts";
import { Words } from "./Words.tsx";

interface Props {
  paths: Paths;
  people: readonly Person[];
  onrename: (name: string) => void;
  /** The words of the link to a person. */
  readWords: (peerId: string) => Promise<string[]>;
}

export function PeopleList({ people, paths, onrename, readWords }: Props) {
  return (
    <ul class="people" aria-label="People here">
      {people.map((person) => (
        <li key={person.id} data-linked={person.isMe || person.isLinked}>
          <span class={`avatar ${person.tint}`} aria-hidden="true">{initialsOf(person.name)}</span>
          <span class="who">
            {person.isMe
              ? <OwnName name={person.name} onrename={onrename} />
              : <span class="name" title={person.name}>{person.name}</span>}
            <small>{describe(person, paths)}</small>
            {person.isLinked && <Words name={person.name} read={() => readWords(person.id)} />}
          </span>
        </li>
      ))}
    </ul>
  );
}

function describe({ id, isMe, isHost, isLinked, isAway }: Person, paths: Paths): string {
  const words = [
    isMe && "you",
    isHost && "host",
    isAway ? "away" : !isMe && (isLinked ? paths.describe(id) : "connecting…"),
  ];
  return words.filter(Boolean).join(", ");
}

function OwnName({ name, onrename }: { name: string; onrename: (name: string) => void }) {
  return (
    <input
      class="name"
      aria-label="Your name"
      value={name}
      maxLength={MAX_NAME}
      autocomplete="nickname"
      enterkeyhint="done"
      spellcheck={false}
      onChange={({ currentTarget }) => {
        onrename(currentTarget.value);
        // A name that cannot be taken goes back to the one before.
        if (!currentTarget.value.trim()) currentTarget.value = name;
      }}
      onKeyDown={({ key, currentTarget }) => key === "Enter" && currentTarget.blur()}
    />
  );
}
