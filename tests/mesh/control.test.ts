import { assertEquals } from "@std/assert";
import { readControl, readIntroduction } from "../../lib/protocol/mesh.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { MAX_DESCRIPTION } from "../../lib/protocol/wire.ts";

const [self, primary, peer] = [makeId(8), makeId(8), makeId(8)];
const read = (text: string): unknown => readControl(text) ?? readIntroduction(text);
const longest = "x".repeat(MAX_DESCRIPTION);

Deno.test("readControl() and readIntroduction() take each frame of the protocol as it is", () => {
  const frames = [
    { type: "welcome", self, primary, peers: [] },
    { type: "welcome", self, primary, peers: [peer] },
    { type: "offers", connections: [] },
    { type: "offers", connections: [{ peer, offer: longest }] },
    { type: "answers", connections: [{ peer, answer: longest }, { peer, answer: null }] },
    { type: "full" },
    { type: "end" },
  ];
  for (const frame of frames) assertEquals(read(JSON.stringify(frame)), frame);
});

Deno.test("readControl() and readIntroduction() give undefined for whatever else a peer may send", () => {
  const values = [
    null,
    true,
    1,
    "welcome",
    [],
    {},
    { type: "unknown" },
    { type: ["end"] },
    { type: "welcome", primary, peers: [] },
    { type: "welcome", self: "short", primary, peers: [] },
    { type: "welcome", self, primary, peers: peer },
    { type: "welcome", self, primary, peers: [peer, null] },
    { type: "welcome", self, primary, peers: Array(300).fill(peer) },
    { type: "offers" },
    { type: "offers", connections: { length: 0 } },
    { type: "offers", connections: [null] },
    { type: "offers", connections: [{ peer, offer: null }] },
    { type: "offers", connections: [{ peer, offer: "" }] },
    { type: "offers", connections: [{ peer, offer: longest + "x" }] },
    { type: "offers", connections: [{ peer: "../../etc", offer: "x" }] },
    { type: "answers", connections: [{ peer }] },
    { type: "answers", connections: [{ peer, answer: 1 }] },
  ];
  for (const value of values) {
    const text = JSON.stringify(value);
    assertEquals(read(text), undefined, text.slice(0, 100));
  }
  for (const text of ["", "{", "undefined", "\0"]) assertEquals(read(text), undefined);
});
