import type { Session } from "../../lib/mesh/client.ts";

export type Device = "camera" | "microphone";

/** What a person sends of themselves while they are in the call. */
export interface Presence {
  readonly camera: boolean;
  readonly microphone: boolean;
}

/** Enough for a tile, and sixteen of them for a laptop. */
const PICTURE = { width: 640, height: 360, frameRate: 24, facingMode: "user" };

/**
 * The optional call of a room: its devices are off until somebody turns them on. `onchange` follows
 * every step, `onpresence` what the others should be told.
 */
export class Call {
  readonly #session: Session;
  readonly #onchange: () => void;
  readonly #onpresence: () => void;
  readonly #streams = new Map<string, MediaStream>();
  /** Both own tracks, so that they stay together at the other end. */
  readonly own = new MediaStream();
  #isIn = false;
  #isMuted = false;
  #asking: Device | null = null;
  #problem: string | null = null;

  constructor(session: Session, onchange: () => void, onpresence: () => void) {
    this.#session = session;
    this.#onchange = onchange;
    this.#onpresence = onpresence;
    session.addEventListener("track", ({ detail: { peerId, track, streams: [stream] } }) => {
      if (!stream) return;
      this.#streams.set(peerId, stream);
      stream.onaddtrack = stream.onremovetrack = track.onunmute = onchange;
      onchange();
    });
  }

  get isIn(): boolean {
    return this.#isIn;
  }

  /** What this page sends; null while it is not in the call. */
  get presence(): Presence | null {
    if (!this.#isIn) return null;
    return { camera: !!this.#find("camera"), microphone: this.hasMicrophone };
  }

  get hasCamera(): boolean {
    return !!this.#find("camera");
  }

  get hasMicrophone(): boolean {
    return !!this.#find("microphone") && !this.#isMuted;
  }

  /** The device that the browser is asking for just now. */
  get asking(): Device | null {
    return this.#asking;
  }

  /** Why a device is not on, for a person. */
  get problem(): string | null {
    return this.#problem;
  }

  /** What comes from that peer. */
  streamOf(peerId: string): MediaStream | undefined {
    return this.#streams.get(peerId);
  }

  join(): void {
    this.#isIn = true;
    this.#onpresence();
  }

  leave(): void {
    for (const track of this.own.getTracks()) this.#drop(track);
    this.#isIn = this.#isMuted = false;
    this.#problem = null;
    this.#onpresence();
  }

  async toggleCamera(): Promise<void> {
    const track = this.#find("camera");
    if (track) this.#drop(track);
    else await this.#start("camera", { video: PICTURE });
    this.#onpresence();
  }

  /** Once it is there the microphone is muted, not given back: it is faster, and nobody is asked again. */
  async toggleMicrophone(): Promise<void> {
    const track = this.#find("microphone");
    if (track) {
      this.#isMuted = track.enabled;
      track.enabled = !track.enabled;
    } else await this.#start("microphone", { audio: { echoCancellation: true } });
    this.#onpresence();
  }

  forgetPeer(peerId: string): void {
    this.#streams.delete(peerId);
  }

  async #start(device: Device, constraints: MediaStreamConstraints): Promise<void> {
    if (this.#asking) return;
    this.#asking = device;
    this.#problem = null;
    this.#onchange();
    try {
      const [track] = (await navigator.mediaDevices.getUserMedia(constraints)).getTracks();
      // Somebody left while the browser asked.
      if (!this.#isIn) return track.stop();
      this.#isMuted = device === "camera" && this.#isMuted;
      track.onended = () => {
        this.#drop(track);
        this.#problem = `The ${device} is gone.`;
        this.#onpresence();
      };
      this.own.addTrack(track);
      await this.#session.addTrack(track, this.own);
    } catch (error) {
      this.#problem = explain(device, error as Error);
    } finally {
      this.#asking = null;
    }
  }

  #drop(track: MediaStreamTrack): void {
    track.stop();
    this.own.removeTrack(track);
    // Where it fails, the session is over and so is the track.
    this.#session.removeTrack(track).catch(() => {});
  }

  #find(device: Device): MediaStreamTrack | undefined {
    return this.own.getTracks().find(({ kind }) =>
      kind === (device === "camera" ? "video" : "audio")
    );
  }
}

/** Why `device` did not start, and what can be done. */
function explain(device: Device, { name }: Error): string {
  if (!isSecureContext) return `Browsers give a ${device} only to pages with https.`;
  switch (name) {
    case "NotAllowedError":
      return `The browser does not let this page use your ${device}. Allow it beside the page's ` +
        "address, or in the system's settings, then try again.";
    case "NotFoundError":
    case "OverconstrainedError":
      return `No ${device} was found. Connect one, then try again.`;
    case "NotReadableError":
    case "AbortError":
      return `The ${device} cannot be used: another program may have it. Close that, then try again.`;
    default:
      return `The ${device} did not start. Try again.`;
  }
}
