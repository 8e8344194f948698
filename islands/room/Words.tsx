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
      <p>
        {words ? <b>{words}</b> : "One moment…"}
      </p>
      <p>
        Ask {name}{" "}
        by another way, such as a call, for the words on their page. They are the same where nobody
        listens in between.
      </p>
    </details>
  );
}
