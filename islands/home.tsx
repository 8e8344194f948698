/** The home page: one click starts a session, and the page becomes its room. */
import { render } from "preact";
import { host } from "../lib/mesh/client.ts";
import { enterRoom, loadRoom } from "./enter_room.ts";
import { holdTab } from "./hold_tab.ts";
import { forgetSession, keepSession, type KeptSession, readKeptSession } from "./kept_session.ts";
import { HomePage, type HomeState } from "./pages/HomePage.tsx";
import { readField } from "./read_field.ts";

const root = document.getElementById("foyer")!;

// A page out of the back-forward cache has connections that are gone.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

if (!("RTCPeerConnection" in globalThis)) show("failed", "unsupported");
else if (readKeptSession()) await start();
else show("idle");

async function start(): Promise<void> {
  const kept = readKeptSession();
  if (kept && !await holdTab(kept.sessionId)) return joinInstead(kept);
  show(kept ? "returning" : "starting");
  try {
    const room = loadRoom(root);
    const session = await host({ ...kept, iceServers: readIceServers() });
    keepSession({ sessionId: session.id, key: session.key!, secret: session.secret });
    if (!kept) holdTab(session.id);
    await enterRoom(root, session, room);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "unreachable";
    if (kept && code === "superseded") return joinInstead(kept);
    // What only failed may be there again in a minute.
    if (code === "ended" || code === "key-refused") forgetSession();
    show("failed", code);
  }
}

/** Somebody else is the host, or another tab: this one comes in by the link, as everybody. */
function joinInstead({ sessionId, secret }: KeptSession): void {
  forgetSession();
  location.replace(`/${sessionId}${secret && `#${secret}`}`);
}

function readIceServers(): RTCIceServer[] | undefined {
  const field = readField("iceServers");
  return field === null ? undefined : JSON.parse(field);
}

function show(state: HomeState, code?: string): void {
  root.dataset.state = state;
  const isBusy = state === "starting" || state === "returning";
  render(<HomePage state={state} code={code} onstart={isBusy ? undefined : start} />, root);
}
