/** y-webrtc's signalling server, and clients that send what y-webrtc sends: one topic for each pair. */
import { makeId } from "../../../lib/protocol/ids.ts";
import type { Contender } from "./contender.ts";
import { makeDescription } from "./descriptions.ts";
import { findPort, type Server, startServer } from "./processes.ts";
import { gatherHosts, gatherPairs, type Host, type RelayClient } from "./relay.ts";
import { Socket } from "./socket.ts";

/** Goes to everyone at the topic, the sender included. */
interface Publication {
  type: "publish";
  topic: string;
  data: Announcement | Signal;
}

interface Announcement {
  type: "announce";
  from: string;
}

interface Signal {
  from: string;
  to: string;
  type: "signal";
  token: number;
  signal: { type: "offer" | "answer"; sdp: string };
}

/** `packages` is where npm installed `y-webrtc`. */
export function startYWebRtcServer(packages: string): Promise<Server> {
  const port = findPort();
  const script = `${packages}/node_modules/y-webrtc/bin/server.js`;
  return startServer(port, "node", [script], { PORT: String(port) });
}

export async function startYWebRtc(packages: string): Promise<Contender[]> {
  const { port, pid, stop } = await startYWebRtcServer(packages);
  const server = { name: "y-webrtc server", pids: [pid], stop };
  return [
    {
      ...server,
      connections: "kept",
      prepare: (inFlight) =>
        gatherPairs(inFlight, async () => {
          const topic = makeId();
          const [a, b] = [makeId(), makeId()];
          return {
            offerer: await connect(port, topic, a, b),
            answerer: await connect(port, topic, b, a),
          };
        }),
    },
    {
      ...server,
      connections: "fresh",
      prepare: (inFlight) => gatherHosts(inFlight, () => openHost(port)),
    },
  ];
}

/** A peer that offers itself to whoever announces itself at its topic. */
async function openHost(port: number): Promise<Host> {
  const topic = makeId();
  const id = makeId();
  const arrivals = new Map<string, (at: number) => void>();
  const socket = await openSubscriber(port, topic, (text) => {
    const at = performance.now();
    const { data } = JSON.parse(text) as Publication;
    if (data.type === "announce") {
      socket.send(writeSignal(topic, id, data.from, "offer", makeDescription()));
    } else if (data.to === id) arrivals.get(data.from)?.(at);
  });
  return {
    async welcome() {
      const newcomer = makeId();
      const arrived = Promise.withResolvers<number>();
      arrivals.set(newcomer, arrived.resolve);
      let sentAt = 0;
      const visit = await openSubscriber(port, topic, (text) => {
        const { data } = JSON.parse(text) as Publication;
        if (data.type !== "signal" || data.to !== newcomer) return;
        sentAt = performance.now();
        visit.send(writeSignal(topic, newcomer, id, "answer", makeDescription()));
      });
      const data: Announcement = { type: "announce", from: newcomer };
      visit.send(JSON.stringify({ type: "publish", topic, data } satisfies Publication));
      const at = await arrived.promise;
      arrivals.delete(newcomer);
      visit.close();
      return at - sentAt;
    },
    close: () => socket.close(),
  };
}

function writeSignal(
  topic: string,
  from: string,
  to: string,
  type: "offer" | "answer",
  sdp: string,
): string {
  const data: Signal = { from, to, type: "signal", token: 1, signal: { type, sdp } };
  return JSON.stringify({ type: "publish", topic, data } satisfies Publication);
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
  const publish = (type: "offer" | "answer", sdp: string) =>
    socket.send(writeSignal(topic, from, to, type, sdp));
  const client: RelayClient = {
    sendOffer: (offer) => publish("offer", offer),
    sendAnswer: (answer) => publish("answer", answer),
    close: () => socket.close(),
  };
  return client;

  function take(text: string) {
    const at = performance.now();
    const { data } = JSON.parse(text) as Publication;
    if (data.type !== "signal" || data.from === from) return;
    if (data.signal.type === "offer") client.onoffer?.(data.signal.sdp);
    else client.onanswer?.(data.signal.sdp, at);
  }
}
