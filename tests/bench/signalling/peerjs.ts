/** PeerJS's server, and clients that send what PeerJS 1.5 sends. */
import { makeId } from "../../../lib/protocol/ids.ts";
import type { Contender } from "./contender.ts";
import { makeDescription } from "./descriptions.ts";
import { HttpConnection } from "./http_connection.ts";
import { findPort, type Server, startServer } from "./processes.ts";
import { gatherHosts, gatherPairs, type Host, type RelayClient } from "./relay.ts";
import { Socket } from "./socket.ts";

/** What the server passes on; it adds `src`. */
interface Message {
  type: "OFFER" | "ANSWER";
  src?: string;
  dst: string;
  payload: { sdp: { type: "offer" | "answer"; sdp: string }; [more: string]: unknown };
}

/** More than the 5,000 clients that it takes unless told. */
const MOST_CLIENTS = 20_000;

/** `packages` is where npm installed `peer`. */
export function startPeerJsServer(packages: string): Promise<Server> {
  const port = findPort();
  return startServer(port, "node", [
    `${packages}/node_modules/peer/dist/bin/peerjs.js`,
    ...["--host", "127.0.0.1", "--port", String(port)],
    ...["--concurrent_limit", String(MOST_CLIENTS)],
  ]);
}

export async function startPeerJs(packages: string): Promise<Contender[]> {
  const { port, pid, stop } = await startPeerJsServer(packages);
  const server = { name: "PeerJS server", pids: [pid], stop };
  return [
    {
      ...server,
      connections: "kept",
      prepare: (inFlight) =>
        gatherPairs(inFlight, async () => {
          const [a, b] = [makeId(), makeId()];
          const [offerer, answerer] = await Promise.all([connect(port, a, b), connect(port, b, a)]);
          return { offerer, answerer };
        }),
    },
    {
      ...server,
      connections: "fresh",
      prepare: (inFlight) => gatherHosts(inFlight, () => openHost(port)),
    },
  ];
}

/** A peer that answers every offer. Who comes asks for an id first, as PeerJS's clients do. */
async function openHost(port: number): Promise<Host> {
  const id = makeId();
  const sentAt = new Map<string, number>();
  const socket = await openPeer(port, id, (text) => {
    const { src, payload: { type, connectionId } } = JSON.parse(text) as Message;
    const payload = { sdp: { type: "answer", sdp: makeDescription() }, type, connectionId };
    sentAt.set(src!, performance.now());
    socket.send(JSON.stringify({ type: "ANSWER", payload, dst: src! } as Message));
  });
  return {
    async welcome() {
      const http = await HttpConnection.open(`http://127.0.0.1:${port}`);
      const reply = await http.request("GET /peerjs/id?ts=1&version=1.5.5", "");
      http.close();
      const answered = Promise.withResolvers<number>();
      const newcomer = await connect(port, new TextDecoder().decode(reply.body), id);
      newcomer.onanswer = (_, at) => answered.resolve(at);
      newcomer.sendOffer(makeDescription());
      const at = await answered.promise;
      newcomer.close();
      const duration = at - sentAt.get(newcomer.id)!;
      sentAt.delete(newcomer.id);
      return duration;
    },
    close: () => socket.close(),
  };
}

/** Opens a connection as PeerJS does: with key, id and token, and then the server's OPEN. */
export async function openPeer(
  port: number,
  id: string,
  onmessage: (text: string) => void,
): Promise<Socket> {
  const query = `key=peerjs&id=${id}&token=${makeId(8)}&version=1.5.5`;
  const opened = Promise.withResolvers<void>();
  const socket = await Socket.open(
    `ws://127.0.0.1:${port}/peerjs?${query}`,
    (text) => text === '{"type":"OPEN"}' ? opened.resolve() : onmessage(text),
  );
  await opened.promise;
  return socket;
}

async function connect(
  port: number,
  id: string,
  other: string,
): Promise<RelayClient & { id: string }> {
  const connection = { type: "data", connectionId: `dc_${makeId(8)}` };
  const socket = await openPeer(port, id, take);
  const send = (message: Message) => socket.send(JSON.stringify(message));
  const client: RelayClient & { id: string } = {
    id,
    sendOffer(sdp) {
      const more = { label: connection.connectionId, reliable: false, serialization: "binary" };
      const payload = { sdp: { type: "offer" as const, sdp }, ...connection, ...more };
      send({ type: "OFFER", payload, dst: other });
    },
    sendAnswer(sdp) {
      const payload = { sdp: { type: "answer" as const, sdp }, ...connection };
      send({ type: "ANSWER", payload, dst: other });
    },
    close: () => socket.close(),
  };
  return client;

  function take(text: string) {
    const at = performance.now();
    const { type, payload } = JSON.parse(text) as Message;
    if (type === "OFFER") client.onoffer?.(payload.sdp.sdp);
    else if (type === "ANSWER") client.onanswer?.(payload.sdp.sdp, at);
  }
}
