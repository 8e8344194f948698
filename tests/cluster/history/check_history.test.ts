import { assertEquals, assertMatch } from "@std/assert";
import { checkHistory } from "./check_history.ts";
import type { Action, History, Request } from "./history.ts";

/** A history in which `anna` joins as she should, ended at 9,000 ms; leases run for 1,000 ms. */
function makeHistory(change: (history: History) => void = () => {}): string[] {
  const history: History = {
    leaseTime: 1_000,
    storeWasAway: false,
    requests: [
      request("anna", { kind: "lease", offer: "1", lease: 1_005 }, 0, 10, 200),
      request("anna", { kind: "answer", offer: "1", lease: 1_005, answer: "a" }, 20, 30, 202),
      request("bert", { kind: "lease", offer: "2", lease: 1_025 }, 20, 30, 200),
      request("carl", { kind: "lease", offer: "2", lease: 2_035 }, 1_030, 1_040, 200),
      request("carl", { kind: "give-back", offer: "2", lease: 2_035 }, 1_050, 1_060, 204),
      request("dora", { kind: "lease" }, 9_100, 9_110, 410),
    ],
    sessions: [{
      id: "session",
      deliveries: [{ id: "i", offer: "1", answer: "a" }, { id: "i", offer: "1", answer: "a" }],
      dropped: new Set(),
      quiet: { offers: 2, consumed: 1, isAlone: true, live: ["2"], leasable: ["2"] },
      ending: { begin: 8_990, end: 9_000 },
    }],
  };
  change(history);
  return checkHistory(history);
}

function request(
  joiner: string,
  action: Action,
  begin: number,
  end: number,
  outcome: Request["outcome"],
): Request {
  return { session: "session", joiner, action, begin, end, outcome, retryAfter: false };
}

Deno.test("checkHistory() has nothing to say where all is as it should be", () => {
  assertEquals(makeHistory(), []);
});

const BREACHES: Record<string, [(history: History) => void, RegExp]> = {
  "an offer in two hands": [({ requests }) => {
    requests.push(request("eve", { kind: "lease", offer: "2", lease: 1_500 }, 500, 510, 200));
  }, /"2" was in two hands/],
  "an offer that is leased after its answer": [({ requests }) => {
    requests.push(request("eve", { kind: "lease", offer: "1", lease: 6_000 }, 5_000, 5_010, 200));
  }, /"1" was leased after/],
  "a second answer": [({ requests }) => {
    const action = { kind: "answer", offer: "1", lease: 1_005, answer: "b" } as const;
    requests.push(request("anna", action, 40, 50, 202));
  }, /"1" was answered twice/],
  "an answer of somebody who held nothing": [({ requests }) => {
    const action = { kind: "answer", offer: "2", lease: 1_025, answer: "b" } as const;
    requests.push(request("eve", action, 40, 50, 202));
  }, /nobody held that/],
  "an answer after the lease went to another": [({ requests, sessions: [session] }) => {
    const action = { kind: "answer", offer: "2", lease: 1_025, answer: "b" } as const;
    requests.push(request("bert", action, 1_045, 1_050, 202));
    session.deliveries.push({ id: "j", offer: "2", answer: "b" });
  }, /after its lease went to/],
  "a timely answer that is refused": [({ requests }) => {
    const action = { kind: "answer", offer: "2", lease: 1_025, answer: "b" } as const;
    requests.push(request("bert", action, 40, 50, 409));
  }, /refused though in time/],
  "an accepted answer that never came": [({ sessions: [session] }) => {
    session.deliveries = [];
  }, /never delivered/],
  "an answer that came though it was refused": [({ requests }) => {
    requests[1].outcome = 409;
  }, /delivered though refused/],
  "an answer that came bound to another offer": [({ sessions: [session] }) => {
    session.deliveries[1] = { id: "i", offer: "2", answer: "a" };
  }, /delivered though refused/],
  "an answer that came differently the second time": [({ sessions: [session] }) => {
    session.deliveries[1] = { id: "j", offer: "1", answer: "a" };
  }, /delivered differently/],
  "a 500": [({ requests }) => {
    requests[0].outcome = 500;
  }, /unexpected/],
  "a 503 for want of a store that was there": [({ requests }) => {
    requests[1].outcome = 503;
  }, /unexpected/],
  "a 503 that does not say when to come back": [({ requests }) => {
    requests.push(request("eve", { kind: "lease" }, 40, 50, 503));
  }, /no Retry-After/],
  "a session that is over before its end": [({ requests }) => {
    requests.push(request("eve", { kind: "look" }, 40, 50, 410));
  }, /unexpected/],
  "an ended session that is not over": [({ requests }) => {
    requests.push(request("eve", { kind: "lease", offer: "2", lease: 1 }, 9_001, 9_002, 200));
  }, /unexpected/],
  "a counter that is wrong": [({ sessions: [session] }) => {
    session.quiet.consumed = 2;
  }, /counts 2 offers, 2 consumed, where there are 2 offers, 1 consumed/],
  "an old socket that was never closed": [({ sessions: [session] }) => {
    session.quiet.isAlone = false;
  }, /an old socket of its primary was never closed/],
  "a live offer that nobody can lease": [({ sessions: [session] }) => {
    session.quiet.leasable = [];
  }, /leases , where 2 are live/],
};

for (const [breach, [change, words]] of Object.entries(BREACHES)) {
  Deno.test(`checkHistory() names ${breach}`, () => {
    assertMatch(makeHistory(change).join("\n"), words);
  });
}

Deno.test("checkHistory() holds nothing against what nobody can know", () => {
  assertEquals(
    makeHistory(({ requests }) => {
      requests[1].outcome = "lost";
      requests.push(request("eve", { kind: "lease" }, 40, 50, "lost"));
      const action = { kind: "answer", offer: "2", lease: 1_025, answer: "b" } as const;
      requests.push(request("bert", action, 1_100, 1_110, 409));
    }),
    [],
  );
});
