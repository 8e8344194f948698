import { explainProblem } from "../explain_problem.ts";
import { Door } from "./Door.tsx";

/** Also the `data-state` of `<main>`. */
export type HomeState = "idle" | "starting" | "returning" | "failed";

export interface HomePageProps {
  state: HomeState;
  /** Why it failed: a word of a problem or of a FoyerError. */
  code?: string;
  /** Starts a session. The server has none: the button wakes with the script. */
  onstart?: () => void;
}

const BUTTON = {
  idle: "Start a session",
  starting: "Starting…",
  returning: "Coming back…",
  failed: "Start a session",
};

/** The content of `<main>` at `/`: what Foyer is, and one button. */
export function HomePage({ state, code = "", onstart }: HomePageProps) {
  const isBusy = state === "starting" || state === "returning";
  return (
    <div class="hero">
      <div>
        <p class="brand">Foyer</p>
        <h1>One link, and everyone is in.</h1>
        <p>
          Foyer connects your browsers to each other: send the link, and whoever opens it can talk
          and share files with you, with no account and no server in between.
        </p>
        <button type="button" disabled={!onstart && !isBusy} aria-busy={isBusy} onClick={onstart}>
          {BUTTON[state]}
        </button>
        <p role="alert">{state === "failed" && <Apology code={code} />}</p>
        <noscript>
          <p>
            Foyer runs in your browser and needs JavaScript. Turn it on, then load this page again.
          </p>
        </noscript>
        <p class="small">
          What you send goes straight from browser to browser, encrypted, by WebRTC. The session
          lasts as long as this tab stays open. <a href="/check">Test your connection</a>
        </p>
      </div>
      <Door />
    </div>
  );
}

function Apology({ code }: { code: string }) {
  const { title, advice } = explainProblem(code);
  return (
    <>
      <strong>{title}.</strong> {advice}
    </>
  );
}
