/**
 * How the primary makes a mesh of its peers: pure, what comes in gives what must be sent.
 *
 * 1. Each newcomer is told who was here before it, in the frame that gives it its id (preside.ts);
 *    who is admitted later is told of it. So of any two exactly one, the later, owes the other an offer.
 * 2. Its offers are passed on one by one.
 * 3. The answers go back in one frame when the last is in, or at a flush(); others follow likewise.
 * 4. Whoever leaves is answered for with `null`, so nobody waits for it.
 */
import type { Answers, Introduction, Offers } from "../../protocol/mesh.ts";

export interface Sending {
  to: string;
  frame: Introduction;
}

interface Newcomer {
  /** Earlier peers it was told of and has not sent an offer for. */
  owes: Set<string>;
  /** Earlier peers that have its offer and have not answered. */
  awaits: Set<string>;
  /** Answers that it does not have yet. */
  answers: Answers["connections"];
}

export interface Introductions {
  admit(id: string): void;
  /** The offers of a newcomer; those nobody asked it for are dropped. */
  passOffers(from: string, connections: Offers["connections"]): Sending[];
  /** The answers of an earlier peer; those nobody waits for are dropped. */
  passAnswers(from: string, connections: Answers["connections"]): Sending[];
  /** Sends a newcomer the answers that are in: they do not wait for the others any longer. */
  flush(id: string): Sending[];
  dismiss(id: string): Sending[];
}

export function createIntroductions(): Introductions {
  /** In the order they came. */
  const members = new Map<string, Newcomer>();

  function admit(id: string): void {
    members.set(id, { owes: new Set(members.keys()), awaits: new Set(), answers: [] });
  }

  function passOffers(from: string, connections: Offers["connections"]): Sending[] {
    const newcomer = members.get(from);
    if (!newcomer) return [];
    const sendings: Sending[] = [];
    for (const { peer, offer } of connections) {
      if (!newcomer.owes.delete(peer) && members.has(peer)) continue;
      if (members.has(peer)) {
        newcomer.awaits.add(peer);
        const connections = [{ peer: from, offer }];
        sendings.push({ to: peer, frame: { type: "offers", connections } });
      } else {
        newcomer.answers.push({ peer, answer: null });
      }
    }
    return [...sendings, ...passCollected(from, newcomer)];
  }

  function passAnswers(from: string, connections: Answers["connections"]): Sending[] {
    return connections.flatMap(({ peer, answer }) => {
      const newcomer = members.get(peer);
      if (!newcomer?.awaits.delete(from)) return [];
      newcomer.answers.push({ peer: from, answer });
      return passCollected(peer, newcomer);
    });
  }

  function flush(id: string): Sending[] {
    const newcomer = members.get(id);
    return newcomer ? pass(id, newcomer) : [];
  }

  function dismiss(id: string): Sending[] {
    members.delete(id);
    return passAnswers(id, [...members.keys()].map((peer) => ({ peer, answer: null })));
  }

  function passCollected(to: string, newcomer: Newcomer): Sending[] {
    return newcomer.awaits.size > 0 ? [] : pass(to, newcomer);
  }

  function pass(to: string, newcomer: Newcomer): Sending[] {
    const { answers: connections } = newcomer;
    if (connections.length === 0) return [];
    newcomer.answers = [];
    return [{ to, frame: { type: "answers", connections } }];
  }

  return { admit, passOffers, passAnswers, flush, dismiss };
}
