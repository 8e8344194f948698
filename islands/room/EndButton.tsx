import { useRef } from "preact/hooks";

/** The host's way to end it, asked twice: it takes the session from everybody. */
export function EndButton({ onend }: { onend: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button type="button" class="quiet" onClick={() => dialog.current!.showModal()}>
        <span>
          {"End "}
          <span class="wide">for everyone</span>
        </span>
      </button>
      <dialog ref={dialog} aria-labelledby="end-title">
        <h2 id="end-title">End the session for everyone?</h2>
        <p>All connections close and the link stops working. This cannot be undone.</p>
        <form method="dialog">
          <button type="submit" class="quiet">Keep it open</button>
          <button type="submit" class="danger" onClick={onend}>Yes, end it</button>
        </form>
      </dialog>
    </>
  );
}
