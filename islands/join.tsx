/** The loading page: the handshake first, what a person sees after it. */
import { render } from "preact";
import { join, type JoinStep } from "../lib/mesh/client.ts";
import { enterRoom, loadRoom } from "./enter_room.ts";
import { handOver } from "./hand_over.ts";
import { JoinPage, type JoinState } from "./pages/JoinPage.tsx";
import { readField } from "./read_field.ts";

/** A handshake is mostly done in less: to draw it, or to load the room beside it, would only slow it. */
const SLOW_MS = 250;
/** Until a page without an offer asks again; those who wait together ask at different times. */
const AGAIN_MS = 1_000;

const root = document.getElementById("foyer")!;
const { problem } = root.dataset;
const target = readField("target");

// A page that was only prepared would take an offer from somebody who is there.
if ("prerendering" in document && document.prerendering) {
  await new Promise((resolve) => document.addEventListener("prerenderingchange", resolve));
}
// A page out of the back-forward cache has a connection that is gone.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

if (target) handOver(target);
else if (problem === "no-free-offer") {
  setTimeout(() => location.reload(), AGAIN_MS * (1 + Math.random()));
} else if (!problem) await enter();

async function enter(): Promise<void> {
  let room: ReturnType<typeof loadRoom> | undefined;
  let step: JoinStep = "finding";
  let isSlow = false;
  const slow = setTimeout(() => {
    isSlow = true;
    show(step);
    room = loadRoom(root);
  }, SLOW_MS);
  const onprogress = (now: JoinStep) => {
    step = now;
    if (isSlow) show(step);
  };
  try {
    const session = await join(location.href, { onprogress });
    show("connected");
    await enterRoom(root, session, room ?? loadRoom(root));
  } catch (error) {
    show("failed", (error as { code?: string }).code ?? "unreachable");
  } finally {
    clearTimeout(slow);
  }
}

function show(state: JoinState, code?: string): void {
  root.dataset.state = state;
  render(<JoinPage state={state} code={code} />, root);
}
