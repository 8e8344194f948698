import { assertEquals } from "@std/assert";
import { createIntroductions, type Introductions } from "../../lib/mesh/later/introductions.ts";

/** A primary that has admitted these, in their order. */
function admit(...ids: string[]): Introductions {
  const introductions = createIntroductions();
  for (const id of ids) introductions.admit(id);
  return introductions;
}

const offerTo = (peer: string) => ({ peer, offer: `offer to ${peer}` });
const answerTo = (peer: string) => ({ peer, answer: `answer to ${peer}` });

Deno.test("passOffers() gives each earlier peer the newcomer's offer, under the newcomer's name", () => {
  const introductions = admit("p1", "p2", "p3");
  assertEquals(introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]), [
    { to: "p1", frame: { type: "offers", connections: [{ peer: "p3", offer: "offer to p1" }] } },
    { to: "p2", frame: { type: "offers", connections: [{ peer: "p3", offer: "offer to p2" }] } },
  ]);
});

Deno.test("passOffers() drops offers to a later peer, to itself, and a second one", () => {
  const introductions = admit("p1", "p2", "p3");
  const unasked = [offerTo("p3"), offerTo("p2")];
  assertEquals(introductions.passOffers("p2", unasked), []);
  assertEquals(introductions.passOffers("stranger", [offerTo("p1")]), []);
  introductions.passOffers("p2", [offerTo("p1")]);
  assertEquals(introductions.passOffers("p2", [offerTo("p1")]), []);
});

Deno.test("passAnswers() gives the newcomer all answers in one frame, when the last one is in", () => {
  const introductions = admit("p1", "p2", "p3");
  introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]);
  assertEquals(introductions.passAnswers("p2", [answerTo("p3")]), []);
  const connections = [
    { peer: "p2", answer: "answer to p3" },
    { peer: "p1", answer: "answer to p3" },
  ];
  assertEquals(introductions.passAnswers("p1", [answerTo("p3")]), [
    { to: "p3", frame: { type: "answers", connections } },
  ]);
});

Deno.test("passAnswers() drops an answer that nobody waits for, and a second one", () => {
  const introductions = admit("p1", "p2");
  assertEquals(introductions.passAnswers("p1", [answerTo("p2"), answerTo("stranger")]), []);
  introductions.passOffers("p2", [offerTo("p1")]);
  assertEquals(introductions.passAnswers("p1", [answerTo("p2")]).length, 1);
  assertEquals(introductions.passAnswers("p1", [answerTo("p2")]), []);
});

Deno.test("passAnswers() keeps two newcomers apart that are introduced side by side", () => {
  const introductions = admit("p1", "p2", "p3");
  introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]);
  introductions.passOffers("p2", [offerTo("p1")]);
  const forP2 = { peer: "p2", answer: "for p2" };
  const forP3 = { peer: "p3", answer: "for p3" };
  assertEquals(introductions.passAnswers("p1", [forP3, forP2]), [
    { to: "p2", frame: { type: "answers", connections: [{ peer: "p1", answer: "for p2" }] } },
  ]);
  // A newcomer that is being introduced itself answers those who came after it.
  const both = [{ peer: "p1", answer: "for p3" }, { peer: "p2", answer: "for p3" }];
  assertEquals(introductions.passAnswers("p2", [forP3]), [
    { to: "p3", frame: { type: "answers", connections: both } },
  ]);
});

Deno.test("flush() sends the answers that are in; the others follow in one frame, or at the next flush()", () => {
  const introductions = admit("p1", "p2", "p3", "p4", "p5");
  introductions.passOffers("p5", ["p1", "p2", "p3", "p4"].map(offerTo));
  introductions.passAnswers("p2", [answerTo("p5")]);
  const answersOf = (...peers: string[]) => {
    const connections = peers.map((peer) => ({ peer, answer: "answer to p5" }));
    return [{ to: "p5", frame: { type: "answers" as const, connections } }];
  };
  assertEquals(introductions.flush("p5"), answersOf("p2"));
  assertEquals(introductions.flush("p5"), []);
  assertEquals(introductions.passAnswers("p3", [answerTo("p5")]), []);
  assertEquals(introductions.flush("p5"), answersOf("p3"));
  assertEquals(introductions.passAnswers("p1", [answerTo("p5")]), []);
  assertEquals(introductions.passAnswers("p4", [answerTo("p5")]), answersOf("p1", "p4"));
});

Deno.test("flush() has nothing to send to who has left", () => {
  const introductions = admit("p1", "p2", "p3");
  introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]);
  introductions.passAnswers("p1", [answerTo("p3")]);
  introductions.dismiss("p3");
  assertEquals(introductions.flush("p3"), []);
});

Deno.test("dismiss() answers with null for a peer that leaves before it answered", () => {
  const introductions = admit("p1", "p2", "p3");
  introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]);
  introductions.passAnswers("p2", [answerTo("p3")]);
  const connections = [{ peer: "p2", answer: "answer to p3" }, { peer: "p1", answer: null }];
  assertEquals(introductions.dismiss("p1"), [
    { to: "p3", frame: { type: "answers", connections } },
  ]);
});

Deno.test("passOffers() answers with null for a peer that left before the offer to it came", () => {
  const introductions = admit("p1", "p2", "p3");
  introductions.dismiss("p1");
  const [toP2, ...rest] = introductions.passOffers("p3", [offerTo("p1"), offerTo("p2")]);
  assertEquals([toP2.to, rest], ["p2", []]);
  const connections = [{ peer: "p1", answer: null }, { peer: "p2", answer: "answer to p3" }];
  assertEquals(introductions.passAnswers("p2", [answerTo("p3")]), [
    { to: "p3", frame: { type: "answers", connections } },
  ]);
});

Deno.test("passOffers() answers with null for a peer that left before it was admitted here", () => {
  const introductions = admit("p2");
  const connections = [{ peer: "p1", answer: null }];
  assertEquals(introductions.passOffers("p2", [offerTo("p1")]), [
    { to: "p2", frame: { type: "answers", connections } },
  ]);
});

Deno.test("dismiss() of a newcomer leaves nothing to pass to it or from it", () => {
  const introductions = admit("p1", "p2");
  introductions.passOffers("p2", [offerTo("p1")]);
  assertEquals(introductions.dismiss("p2"), []);
  assertEquals(introductions.passAnswers("p1", [answerTo("p2")]), []);
  assertEquals(introductions.passOffers("p2", [offerTo("p1")]), []);
});

Deno.test("Twenty newcomers with steps in any order: each pair is introduced once, the later offering", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = createRandom(seed);
    const introductions = createIntroductions();
    const ids = Array.from({ length: 20 }, (_, i) => `peer ${String(i).padStart(2, "0")}`);
    const pairs: string[] = [];
    /** What is under way between the primary and its peers; each step may put more on the way. */
    const here: string[] = [];
    const steps: (() => void)[] = ids.map((id) => () => {
      const peers = [...here];
      here.push(id);
      introductions.admit(id);
      steps.push(() => pass(introductions.passOffers(id, peers.map(offerTo))));
    });
    const pass = (sendings: ReturnType<Introductions["flush"]>) => {
      for (const { to, frame } of sendings) {
        if (frame.type === "offers") {
          const answers = frame.connections.map(({ peer }) => answerTo(peer));
          steps.push(() => pass(introductions.passAnswers(to, answers)));
        } else if (frame.type === "answers") {
          for (const { peer } of frame.connections) pairs.push([peer, to].toSorted().join(" - "));
        }
      }
    };
    while (steps.length > 0) steps.splice(Math.floor(random() * steps.length), 1)[0]();
    assertEquals(new Set(pairs).size, 20 * 19 / 2, `seed ${seed}`);
    assertEquals(pairs.length, 20 * 19 / 2, `seed ${seed}`);
  }
});

/** The same numbers for the same seed (a linear congruential generator). */
function createRandom(seed: number): () => number {
  return () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}
