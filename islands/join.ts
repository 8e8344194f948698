/** The loading page: the handshake alone. What draws comes with the room, when it is needed. */
import { join, type JoinStep } from "../lib/mesh/joiner.ts";
import { enterRoom, loadRoom } from "./enter_room.ts";
import { handOver } from "./hand_over.ts";
import type { JoinState } from "./pages/JoinPage.tsx";
import { readField } from "./read_field.ts";

/** A handshake is mostly done in less: to draw it, or to load the room beside it, would only slow it. */
const SLOW_MS = 250;
/** Until a page without an offer asks again; those who wait together ask at different times. */
const AGAIN_MS = 1_000;

const root = document.getElementById("foyer")!;
const { problem } = root.dataset;
const target = readField("target");

// A page out of the back-forward cache has a connection that is gone.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

// An empty address is this page without its fragment, which holds the secret of the link.
addEventListener("click", (event) => {
  if (!(event.target as Element).matches('a[href=""]')) return;
  event.preventDefault();
  location.reload();
});

if (problem === "no-free-offer") {
  setTimeout(() => location.reload(), AGAIN_MS * (1 + Math.random()));
} else if (!problem) begin();

async function begin(): Promise<void> {
  // A page that was only prepared would take an offer from somebody who is there.
  if ("prerendering" in document && document.prerendering) {
    await new Promise((resolve) => document.addEventListener("prerenderingchange", resolve));
  }
  if (target) handOver(target);
  else await enter();
}

async function enter(): Promise<void> {
  let room: ReturnType<typeof loadRoom> | undefined;
  let step: JoinStep = "finding";
  // The first layout of a page and its fonts take as long as half a handshake.
  root.hidden = true;
  const slow = setTimeout(() => {
    room = loadRoom(root);
    show(step);
  }, SLOW_MS);
  const onprogress = (now: JoinStep) => {
    step = now;
    // What shows who came in is the room.
    if (step === "connected") mark(step);
    else if (room) show(step);
  };
  try {
    const session = await join(location.href, { onprogress });
    clearTimeout(slow);
    await enterRoom(root, session, room ??= loadRoom(root));
  } catch (error) {
    clearTimeout(slow);
    show("failed", (error as { code?: string }).code);
  }

  async function show(state: JoinState, code = "unreachable"): Promise<void> {
    mark(state);
    try {
      const { drawJoin } = await (room ??= loadRoom(root));
      // The joiner may be further by now.
      if (root.dataset.state === state) drawJoin(root, state, code);
    } catch {
      // Nothing can be loaded: the words for that came with the page.
      if (state === "failed") root.replaceChildren(document.querySelector("template")!.content);
    }
  }
}

function mark(state: JoinState): void {
  root.hidden = false;
  root.dataset.state = state;
}
