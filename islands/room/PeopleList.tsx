import type { Person } from "./mesh.ts";
import { MAX_NAME } from "./own_name.ts";
import { colourOf, initialsOf } from "./person_look.ts";

interface Props {
  people: readonly Person[];
  onrename: (name: string) => void;
}

export function PeopleList({ people, onrename }: Props) {
  return (
    <ul class="people" aria-label="People here">
      {people.map((person) => (
        <li key={person.id} data-me={person.isMe} data-linked={person.isMe || person.isLinked}>
          <span class={`avatar ${colourOf(person.id)}`} aria-hidden="true">
            {initialsOf(person.name)}
          </span>
          {person.isMe
            ? <OwnName name={person.name} onrename={onrename} />
            : <span class="name" title={person.name}>{person.name}</span>}
          <span class="tags">
            {person.isMe && <small>you</small>}
            {person.isHost && <small>host</small>}
            {!person.isMe && !person.isLinked && <small>connecting</small>}
          </span>
        </li>
      ))}
    </ul>
  );
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
