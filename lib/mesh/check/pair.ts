/** Connections of this page with itself, or with a server, to see what comes of them. */
import { within } from "../delay.ts";

/** What was seen until it was clear how it ends. */
export interface Sighting {
  readonly candidates: RTCIceCandidate[];
  /** Of RTCPeerConnectionIceErrorEvent (W3C WebRTC section 4.8.3): 701 where a server was not reached. */
  readonly errors: { code: number; text: string }[];
  /** A message went there and back. */
  readonly isConnected: boolean;
}

/** Gathers until a candidate is `wanted`, gathering is complete, or `ms` milliseconds passed. */
export async function gatherUntil(
  configuration: RTCConfiguration,
  wanted: (candidate: RTCIceCandidate) => boolean,
  ms: number,
  signal?: AbortSignal,
): Promise<Sighting> {
  const connection = new RTCPeerConnection(configuration);
  try {
    const { sighting, settled } = watch(connection, wanted);
    connection.createDataChannel("check");
    await connection.setLocalDescription();
    await within(ms, settled, signal);
    return { ...sighting, isConnected: false };
  } finally {
    connection.close();
  }
}

/** Connects two connections of this page, and sends a message there and back. */
export async function connectPair(
  configuration: RTCConfiguration,
  ms: number,
  signal?: AbortSignal,
): Promise<Sighting> {
  const [near, far] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  try {
    const { sighting, settled } = watch(near, () => false);
    const returned = Promise.withResolvers<boolean>();
    const channel = near.createDataChannel("check", { negotiated: true, id: 0 });
    const echo = far.createDataChannel("check", { negotiated: true, id: 0 });
    echo.onmessage = ({ data }) => echo.send(data);
    channel.onopen = () => channel.send("there and back");
    channel.onmessage = () => returned.resolve(true);
    near.onconnectionstatechange = () => {
      if (near.connectionState === "failed") returned.resolve(false);
    };
    near.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) far.addIceCandidate(candidate).catch(() => {});
    });
    far.onicecandidate = ({ candidate }) => {
      if (candidate) near.addIceCandidate(candidate).catch(() => {});
    };
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription!);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription!);
    // Whoever has gathered nothing at all waits for nothing.
    const hopeless = settled.then(() => sighting.candidates.length > 0 ? returned.promise : false);
    const isConnected = await within(ms, Promise.race([returned.promise, hopeless]), signal);
    return { ...sighting, isConnected: isConnected ?? false };
  } finally {
    near.close();
    far.close();
  }
}

function watch(connection: RTCPeerConnection, wanted: (candidate: RTCIceCandidate) => boolean) {
  const sighting = {
    candidates: [] as RTCIceCandidate[],
    errors: [] as { code: number; text: string }[],
  };
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate?.candidate) sighting.candidates.push(candidate);
    if (!candidate || wanted(candidate)) resolve();
  });
  connection.addEventListener("icecandidateerror", ({ errorCode: code, errorText: text }) => {
    sighting.errors.push({ code, text });
  });
  return { sighting, settled };
}
