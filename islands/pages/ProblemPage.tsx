import { JoinPage } from "./JoinPage.tsx";

/** The content of `<main>` on a page served with a problem's status; `code` is its word. */
export function ProblemPage({ code }: { code: string }) {
  return <JoinPage state={code === "no-free-offer" ? "waiting" : "failed"} code={code} />;
}
