const ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'])/;

/** A message with its web addresses as links. */
export function Lines({ text }: { text: string }) {
  return (
    <p class="lines">
      {text.split(ADDRESS).map((part, i) =>
        i % 2 === 0
          ? part
          : <a key={i} href={part} target="_blank" rel="noopener noreferrer nofollow">{part}</a>
      )}
    </p>
  );
}
