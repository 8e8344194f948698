import { useRef, useState } from "preact/hooks";
import { copyText } from "./copy_text.ts";
import { Icon } from "./icons.tsx";
import { QrCode } from "./QrCode.tsx";
import { useWide } from "./use_wide.ts";

/** How long the button says that the link is copied, in milliseconds. */
const COPIED_MS = 2_500;

/** The link and the ways to hand it on. With nobody here the code is there to be shown around. */
export function Invite({ link, isAlone }: { link: string; isAlone: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<"" | "copied" | "select">("");
  const [isCodeWanted, setCodeWanted] = useState<boolean | null>(null);
  const isWide = useWide();
  const isCodeShown = isCodeWanted ?? (isAlone || isWide);
  const copy = async () => {
    const isCopied = await copyText(field.current!);
    setOutcome(isCopied ? "copied" : "select");
    if (isCopied) setTimeout(() => setOutcome(""), COPIED_MS);
  };
  return (
    <section class="panel invite" aria-labelledby="invite-title">
      <h2 id="invite-title">
        {isAlone ? "Send this link to let people in" : "Let more people in"}
      </h2>
      <input
        ref={field}
        data-session-link
        aria-label="Session link"
        readOnly
        value={link}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <button type="button" onClick={copy}>
        <Icon name={outcome === "copied" ? "check" : "copy"} />
        {outcome === "copied" ? "Copied" : "Copy link"}
      </button>
      {"share" in navigator && (
        <button
          type="button"
          class="bare"
          title="Share"
          onClick={() => shareLink(link)}
        >
          <Icon name="share" />
          <span class="unseen">Share</span>
        </button>
      )}
      <button
        type="button"
        class="bare"
        title="QR code"
        aria-expanded={isCodeShown}
        onClick={() => setCodeWanted(!isCodeShown)}
      >
        <Icon name="code" />
        <span class="unseen">QR code</span>
      </button>
      <p class="outcome" role="status">
        {outcome === "copied" && <span class="unseen">The link is copied.</span>}
        {outcome === "select" && <span>The link is selected: copy it from the field.</span>}
      </p>
      {isCodeShown && <QrCode text={link} />}
    </section>
  );
}

async function shareLink(url: string): Promise<void> {
  // Whoever closes the sheet has changed their mind.
  await navigator.share({ title: "Foyer", text: "Join me here:", url }).catch(() => {});
}
