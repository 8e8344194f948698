import { explainProblem } from "../explain_problem.ts";
import { Door } from "./Door.tsx";

/** How far a joiner is; also the `data-state` of `<main>`. */
export type JoinState = "finding" | "waiting" | "connecting" | "away" | "connected" | "failed";

export interface JoinPageProps {
  state: JoinState;
  /** Why it failed: a word of a problem or of a FoyerError. */
  code?: string;
  /** Where this session takes its joiners, as an absolute address. */
  target?: string | null;
}

const STEPS = ["Find the host", "Connect", "Come in"];

const PROGRESS = {
  finding: [0, "Finding the host", "The door opens in a moment."],
  waiting: [0, "Everybody is joining right now", "Stay here: this page keeps trying by itself."],
  connecting: [1, "Connecting", "Looking for the way from your browser to theirs."],
  away: [
    1,
    "Waiting for the host",
    "Their connection is lost just now. You come in when it is back.",
  ],
  connected: [2, "Connected", "Come in."],
} as const;

/** The content of `<main>` at a session's link: the way in, or what stands in it. */
export function JoinPage({ state, code = "", target }: JoinPageProps) {
  return (
    <div class="card">
      <Door />
      {target
        ? <Handover target={target} />
        : state === "failed"
        ? <Failure code={code} />
        : <Progress state={state} />}
      <noscript>
        <p>Your browser needs JavaScript to connect. Turn it on, then load this page again.</p>
      </noscript>
    </div>
  );
}

function Progress({ state }: { state: keyof typeof PROGRESS }) {
  const [step, title, text] = PROGRESS[state];
  return (
    <>
      <div role="status">
        <h1>{title}</h1>
        <p>{text}</p>
      </div>
      <ol>
        {STEPS.map((name, i) => (
          <li key={name} data-done={i < step} aria-current={i === step ? "step" : undefined}>
            {name}
          </li>
        ))}
      </ol>
    </>
  );
}

function Failure({ code }: { code: string }) {
  const { title, advice, way } = explainProblem(code);
  return (
    <>
      <div role="alert">
        <h1>{title}</h1>
        <p>{advice}</p>
      </div>
      {/* An empty address is this page again, with or without scripts. */}
      {way === "again"
        ? <a class="button" href="">Try again</a>
        : <a class="button" href="/">Start a session</a>}
      {code === "no-path" && (
        <p>
          <a href="/check">Test your connection</a> to see what helps.
        </p>
      )}
    </>
  );
}

function Handover({ target }: { target: string }) {
  return (
    <div role="status">
      <h1>Taking you to {new URL(target).host}</h1>
      <p>
        If nothing happens, <a href={target}>go there yourself</a>.
      </p>
    </div>
  );
}
