/**
 * A worker that serves the pages of somebody who builds on PeerJS: a host, and a joiner that comes
 * by its link. Takes the port of the signalling server, says its own origin. Pages and script are
 * compressed, as those of Foyer are.
 */
import { brotliCompressSync } from "node:zlib";
import peerjs from "peerjs/dist/peerjs.min.js" with { type: "text" };

/** What the joiner knows from its link. */
const HOST = "the-host-of-the-benchmark";

self.onmessage = ({ data: port }) => {
  const options = JSON.stringify({ host: "127.0.0.1", port, config: { iceServers: [] } });
  const files: Record<string, Response> = {
    "/peerjs.min.js": compress("text/javascript", peerjs),
    "/host": writePage(`
      const peer = new Peer("${HOST}", ${options});
      const guests = new Set();
      peer.on("open", () => document.title = "ready");
      peer.on("connection", (guest) => {
        guests.add(guest);
        guest.on("close", () => guests.delete(guest));
      });
      globalThis.countGuests = () => guests.size;`),
    "/join": writePage(`
      const peer = new Peer(${options});
      peer.on("open", () => peer.connect("${HOST}"));
      addEventListener("pagehide", () => peer.destroy());`),
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const file = files[new URL(request.url).pathname];
    return file?.clone() ?? new Response("Not found", { status: 404 });
  });
  self.postMessage(`http://127.0.0.1:${server.addr.port}`);
};

function writePage(code: string): Response {
  return compress(
    "text/html",
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>PeerJS</title>
<link rel="icon" href="data:,">
<script src="/peerjs.min.js"></script><script>${code}</script></html>`,
  );
}

function compress(type: string, text: string): Response {
  return new Response(new Uint8Array(brotliCompressSync(text)), {
    headers: { "Content-Type": `${type}; charset=utf-8`, "Content-Encoding": "br" },
  });
}
