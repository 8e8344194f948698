/** Clients of a relay that hand each other an offer and an answer by it. */
import { type Crowd, JOINERS_PER_SESSION } from "./contender.ts";
import { makeDescription, nameDescription } from "./descriptions.ts";

/** One of the two. */
export interface RelayClient {
  sendOffer(offer: string): void;
  sendAnswer(answer: string): void;
  /** Called when a description of the other one arrives, by `performance.now()` at `at`. */
  onoffer?: (offer: string) => void;
  onanswer?: (answer: string, at: number) => void;
  close(): void;
}

/** One who offers and one who answers, as often as there are joins. */
export interface RelayPair {
  offerer: RelayClient;
  answerer: RelayClient;
}

/** One who stays, to whom others come. */
export interface Host {
  /** Somebody new connects, shakes hands and leaves. As `join` of a crowd. */
  welcome(): Promise<number>;
  close(): void;
}

export async function gatherHosts(inFlight: number, open: () => Promise<Host>): Promise<Crowd> {
  const size = Math.ceil(inFlight / JOINERS_PER_SESSION);
  const hosts = await Promise.all(Array.from({ length: size }, open));
  return {
    join: (slot) => hosts[Math.floor(slot / JOINERS_PER_SESSION)].welcome(),
    retries: 0,
    leave: () => hosts.forEach((host) => host.close()),
  };
}

/** Pairs whose two clients both stay connected. */
export async function gatherPairs(
  inFlight: number,
  connect: () => Promise<RelayPair>,
): Promise<Crowd> {
  const pairs = await Promise.all(Array.from({ length: inFlight }, connect));
  return {
    join: (slot) => shakeHands(pairs[slot]),
    retries: 0,
    leave() {
      for (const { offerer, answerer } of pairs) [offerer, answerer].forEach((one) => one.close());
    },
  };
}

function shakeHands({ offerer, answerer }: RelayPair): Promise<number> {
  const offer = makeDescription();
  const answer = makeDescription();
  let sentAt = 0;
  return new Promise((resolve, reject) => {
    answerer.onoffer = (arrived) => {
      if (nameDescription(arrived) !== nameDescription(offer)) reject(new Error("another offer"));
      sentAt = performance.now();
      answerer.sendAnswer(answer);
    };
    offerer.onanswer = (arrived, at) => {
      if (nameDescription(arrived) !== nameDescription(answer)) reject(new Error("another answer"));
      resolve(at - sentAt);
    };
    offerer.sendOffer(offer);
  });
}
