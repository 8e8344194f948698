import { useState } from "preact/hooks";

interface Props {
  name: string;
  /** The words of the link to that person. */
  read: () => Promise<string[]>;
}

/** The words of verification, for those who want to know that nobody stands between. */
export function Words({ name, read }: Props) {
  const [words, setWords] = useState("");
  const show = async () => setWords(await read().then((list) => list.join(" "), () => "none yet"));
  return (
    <details class="words" onToggle={({ currentTarget }) => currentTarget.open && show()}>
      <summary>Verify</summary>
      <p>{words ? <b>{words}</b> : "One moment…"}</p>
      <p>If {name} reads the same, in a call for instance, nobody listens in between.</p>
    </details>
  );
}
