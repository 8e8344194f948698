/** The connection test: runs the checks as soon as the page is there, and shows each as it is done. */
import { render } from "preact";
import { type Check, checkConnection } from "../lib/mesh/check_connection.ts";
import { CheckPage } from "./pages/CheckPage.tsx";

const root = document.getElementById("foyer")!;
let running: AbortController | undefined;

// A page out of the back-forward cache would show an old network.
addEventListener("pageshow", ({ persisted }) => persisted && run());
addEventListener("pagehide", () => running?.abort());
await run();

async function run(): Promise<void> {
  running?.abort();
  const { signal } = running = new AbortController();
  const checks: Check[] = [];
  show(checks, "checking");
  const onprogress = (check: Check) => {
    checks.push(check);
    show(checks, "checking");
  };
  try {
    show(await checkConnection({ signal, onprogress }), "done");
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function show(checks: readonly Check[], state: "checking" | "done"): void {
  root.dataset.state = state;
  const onagain = state === "done" ? run : undefined;
  render(<CheckPage checks={checks} agent={navigator.userAgent} onagain={onagain} />, root);
}
