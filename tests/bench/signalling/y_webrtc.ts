/** y-webrtc's signalling server, and clients that send what y-webrtc sends: one topic for each pair. */
import { makeId } from "../../../lib/protocol/ids.ts";
import type { Contender } from "./contender.ts";
import { findPort, startServer } from "./processes.ts";
import { gatherPairs, type RelayClient } from "./relay.ts";
import { Socket } from "./socket.ts";

/** Goes to everyone at the topic, the sender included. */
interface Publication {
  type: "publish";
  topic: string;
  data: {
    from: string;
    to: string;
    type: "signal";
    token: number;
    signal: { type: "offer" | "answer"; sdp: string };
  };
}

/** `packages` is where npm installed `y-webrtc`. */
export async function startYWebRtc(packages: string): Promise<Contender> {
  const port = findPort();
  const script = `${packages}/node_modules/y-webrtc/bin/server.js`;
  const server = await startServer(port, "node", [script], { PORT: String(port) });
  return {
    name: "y-webrtc server",
    pids: [server.pid],
    prepare: (inFlight) =>
      gatherPairs(inFlight, async () => {
        const topic = makeId();
        const [a, b] = [makeId(), makeId()];
        return {
          offerer: await connect(port, topic, a, b),
          answerer: await connect(port, topic, b, a),
        };
      }),
    stop: server.stop,
  };
}

/** A connection that is subscribed to `topic`. */
export async function openSubscriber(
  port: number,
  topic: string,
  onmessage: (text: string) => void,
): Promise<Socket> {
  const subscribed = Promise.withResolvers<void>();
  const socket = await Socket.open(
    `ws://127.0.0.1:${port}`,
    (text) => text === '{"type":"pong"}' ? subscribed.resolve() : onmessage(text),
  );
  socket.send(JSON.stringify({ type: "subscribe", topics: [topic] }));
  // The server does not confirm a subscription, but it takes one message after the other.
  socket.send(JSON.stringify({ type: "ping" }));
  await subscribed.promise;
  return socket;
}

async function connect(
  port: number,
  topic: string,
  from: string,
  to: string,
): Promise<RelayClient> {
  const socket = await openSubscriber(port, topic, take);
  const publish = (type: "offer" | "answer", sdp: string) => {
    const data = { from, to, type: "signal" as const, token: 1, signal: { type, sdp } };
    socket.send(JSON.stringify({ type: "publish", topic, data } satisfies Publication));
  };
  const client: RelayClient = {
    sendOffer: (offer) => publish("offer", offer),
    sendAnswer: (answer) => publish("answer", answer),
    close: () => socket.close(),
  };
  return client;

  function take(text: string) {
    const at = performance.now();
    const { data } = JSON.parse(text) as Publication;
    if (data.from === from) return;
    if (data.signal.type === "offer") client.onoffer?.(data.signal.sdp);
    else client.onanswer?.(data.signal.sdp, at);
  }
}
