import { useRef, useState } from "preact/hooks";
import { type Check, type CheckName, CHECKS } from "../../lib/mesh/check/finding.ts";
import { DESCRIPTIONS, sumUp, writeReport } from "../describe_check.ts";
import { copyText } from "../room/copy_text.ts";

export interface CheckPageProps {
  /** Those that are done. */
  checks: readonly Check[];
  /** What the browser calls itself; the server's page has none. */
  agent?: string;
  /** Runs them again; there once all are done. */
  onagain?: () => void;
}

const RESULTS = { ok: "OK", failed: "Failed", skipped: "Not tried" };

/** The content of `<main>` at `/check`. */
export function CheckPage({ checks, agent, onagain }: CheckPageProps) {
  const { tone, title, text } = sumUp(checks, onagain !== undefined);
  return (
    <div class="checkup">
      <p class="brand">
        <a href="/">Foyer</a>
      </p>
      <div role="status" class="verdict" data-tone={tone}>
        <h1>{agent === undefined ? "Test your connection" : title}</h1>
        <p>{agent === undefined ? "What connecting needs, checked one by one:" : text}</p>
      </div>
      <noscript>
        <p>This test runs in your browser and needs JavaScript. Turn it on, then load it again.</p>
      </noscript>
      <ul class="checks">
        {CHECKS.map((name) => (
          <Row
            key={name}
            name={name}
            check={checks.find((check) => check.name === name)}
          />
        ))}
      </ul>
      {agent !== undefined && onagain && <Report checks={checks} agent={agent} onagain={onagain} />}
    </div>
  );
}

function Row({ name, check }: { name: CheckName; check?: Check }) {
  const [title, about] = DESCRIPTIONS[name];
  return (
    <li data-check={name} data-result={check?.result ?? "pending"}>
      <h2>{title}</h2>
      {check && (
        <span class="result">
          {RESULTS[check.result]}
          {check.result !== "skipped" && <small>{check.ms} ms</small>}
        </span>
      )}
      <p>{check?.message ?? about}</p>
    </li>
  );
}

function Report(
  { checks, agent, onagain }: { checks: readonly Check[]; agent: string; onagain: () => void },
) {
  const [withAddresses, setWithAddresses] = useState(false);
  const [copied, setCopied] = useState<boolean>();
  const field = useRef<HTMLTextAreaElement>(null);
  const hasAddresses = checks.some(({ addresses }) => addresses?.length);
  return (
    <section class="report" aria-label="Report">
      <textarea
        ref={field}
        readOnly
        rows={6}
        aria-label="The report as text"
        value={writeReport(checks, { agent, withAddresses })}
      />
      {hasAddresses && (
        <label>
          <input
            type="checkbox"
            checked={withAddresses}
            onChange={({ currentTarget }) => {
              setWithAddresses(currentTarget.checked);
              setCopied(undefined);
            }}
          />{" "}
          With my public address
        </label>
      )}
      <div class="deeds">
        <button type="button" onClick={async () => setCopied(await copyText(field.current!))}>
          {copied ? "Copied" : copied === false ? "Copy it by hand" : "Copy the report"}
        </button>
        <button type="button" class="quiet" onClick={onagain}>Test again</button>
      </div>
    </section>
  );
}
