import { assertEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { type Description, readUpkeep, type Upkeep } from "../../lib/protocol/upkeep.ts";

const [id, peer, to, from] = Array.from({ length: 4 }, () => makeId(8));
const longest = "x".repeat(100_000);
const offer: Description = {
  type: "description",
  id,
  isNew: false,
  description: { type: "offer", sdp: longest },
};

Deno.test("readUpkeep() takes each frame of the protocol as it is", () => {
  const frames: Upkeep[] = [
    { type: "heir", term: 1, succession: makeId(), token: "", maxPeers: 16 },
    { type: "primary", id, term: 2 },
    { type: "ice", iceServers: [{ urls: "turn:a", username: "b", credential: "c" }] },
    { type: "ice", iceServers: [{ urls: ["stun:a", "turns:b"] }] },
    { type: "gone", peer },
    { type: "meet", peers: [peer] },
    offer,
    { ...offer, isNew: true, description: { type: "answer", sdp: "x" } },
    { type: "restart" },
    { type: "relay", id, to, frame: offer },
    { type: "relay", id, to, from, frame: { type: "restart" } },
    { type: "ask" },
    { type: "links", peers: [peer], primary: id, term: 0 },
    { type: "ping" },
    { type: "pong" },
  ];
  for (const frame of frames) assertEquals(readUpkeep(JSON.stringify(frame)), frame);
});

Deno.test("readUpkeep() gives undefined for whatever else a peer may send", () => {
  const values = [
    null,
    [],
    "ping",
    { type: "unknown" },
    { type: "toString" },
    { type: ["ping"] },
    { type: "ice", iceServers: [{ urls: "https://a" }] },
    { type: "ice", iceServers: [null] },
    { type: "ice", iceServers: [{ urls: [], username: 1 }] },
    { type: "heir", term: 1.5, succession: "", token: "", maxPeers: 16 },
    { type: "heir", term: 1, succession: "x".repeat(300), token: "", maxPeers: 16 },
    { type: "primary", id, term: -1 },
    { type: "primary", id: "../../etc", term: 2 },
    { type: "meet", peers: Array(300).fill(peer) },
    { ...offer, description: { type: "rollback", sdp: "x" } },
    { ...offer, description: { type: "offer", sdp: longest + "x" } },
    { ...offer, isNew: 1 },
    { type: "relay", id, to, from: 1, frame: offer },
    { type: "relay", id, to, frame: { type: "ping" } },
    { type: "relay", id, to, frame: { ...offer, id: "" } },
    { type: "relay", id, to, frame: { type: "relay", id, to, frame: offer } },
    { type: "links", peers: [1], primary: id, term: 1 },
  ];
  for (const value of values) {
    const text = JSON.stringify(value);
    assertEquals(readUpkeep(text), undefined, text.slice(0, 100));
  }
  assertEquals(readUpkeep("{"), undefined);
});
