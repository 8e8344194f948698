import { useRef, useState } from "preact/hooks";
import { copyText } from "./copy_text.ts";
import { Icon } from "./icons.tsx";
import { QrCode } from "./QrCode.tsx";

/** How long the button says that the link is copied, in milliseconds. */
const COPIED_MS = 2_500;

/** The link and the ways to hand it on. With nobody here the code is there to be shown around. */
export function Invite({ link, isAlone }: { link: string; isAlone: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const [outcome, setOutcome] = useState<"" | "copied" | "select">("");
  const [isCodeWanted, setCodeWanted] = useState<boolean | null>(null);
  const isCodeShown = isCodeWanted ?? isAlone;
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
      <div class="link">
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
      </div>
      <div class="ways">
        {"share" in navigator && (
          <button
            type="button"
            class="quiet"
            onClick={() => shareLink(link)}
          >
            <Icon name="share" />
            Share
          </button>
        )}
        <button
          type="button"
          class="quiet"
          aria-expanded={isCodeShown}
          onClick={() => setCodeWanted(!isCodeShown)}
        >
          <Icon name="code" />
          QR code
        </button>
      </div>
      <p class="outcome" role="status">
        {outcome === "copied" && <span class="unseen">The link is copied.</span>}
        {outcome === "select" && "The link is selected: copy it from the field."}
      </p>
      {isCodeShown && <QrCode text={link} />}
    </section>
  );
}

async function shareLink(url: string): Promise<void> {
  // Whoever closes the sheet has changed their mind.
  await navigator.share({ title: "Foyer", text: "Join me here:", url }).catch(() => {});
}
