/** The contract's rules, held against what clients saw. */
import type { Action, History, Request, SessionHistory } from "./history.ts";

type Of<Kind extends Action["kind"]> = Request & { action: Extract<Action, { kind: Kind }> };
type Lease = Request & { action: { kind: "lease"; offer: string; lease: number } };

/** What was done with one offer. */
interface OfferHistory {
  offer: string;
  wasDropped: boolean;
  leases: Lease[];
  answers: Of<"answer">[];
  backs: Of<"give-back">[];
  deliveries: SessionHistory["deliveries"];
}

/** Every breach of a rule as a sentence; none where the history is as it should be. */
export function checkHistory(history: History): string[] {
  return history.sessions.flatMap((session) => {
    const requests = history.requests.filter((request) => request.session === session.id);
    return [
      ...requests.flatMap((request) => checkStatus(request, session, history.storeWasAway)),
      ...listOffers(requests, session).flatMap((offer) => [
        ...checkLeases(offer, history.leaseTime),
        ...checkAnswers(offer, history.leaseTime),
        ...checkDeliveries(offer),
      ]),
      ...checkQuiet(session),
    ].map((breach) => `session ${session.id}: ${breach}`);
  });
}

const STATUSES: Record<Action["kind"], number[]> = {
  "lease": [200, 503],
  "look": [200],
  "answer": [202, 409],
  "give-back": [204, 409],
};

/** Nothing gets a 500, an open session is neither unknown nor over, an ended one is over. */
function checkStatus(request: Request, { ending }: SessionHistory, storeWasAway: boolean) {
  const { action, begin, end, outcome, retryAfter } = request;
  if (outcome === "lost") return [];
  const fits = (storeWasAway && outcome === 503) ||
    (begin <= ending.end && STATUSES[action.kind].includes(outcome)) ||
    (end >= ending.begin && outcome === 410);
  if (!fits) return [`unexpected: ${show(request)}`];
  return outcome === 503 && !retryAfter ? [`no Retry-After: ${show(request)}`] : [];
}

/** An offer is in one joiner's hands at a time, and in nobody's after it was answered. */
function checkLeases(history: OfferHistory, leaseTime: number) {
  const { offer, wasDropped, leases, answers, backs } = history;
  const breaches: string[] = [];
  for (const [i, one] of leases.entries()) {
    // A return that was overtaken by a later one declares again what that had dropped.
    for (const other of wasDropped ? [] : leases.slice(i + 1)) {
      // In whichever order they were granted, the first was over before the second began.
      if (other.end < endOfHold(one) && one.end < endOfHold(other)) {
        breaches.push(`"${offer}" was in two hands: ${show(one)} and ${show(other)}`);
      }
    }
  }
  const accepted = answers.find(isAccepted);
  const later = accepted && leases.find(({ begin }) => begin > accepted.end);
  if (later) breaches.push(`"${offer}" was leased after ${show(accepted)}: ${show(later)}`);
  return breaches;

  /** The earliest moment at which the offer may be free again. */
  function endOfHold({ begin, action }: Lease): number {
    const back = backs.find((back) => back.action.lease === action.lease);
    return Math.min(begin + leaseTime, back?.begin ?? Infinity);
  }
}

/** An offer is answered once, by who held it; and who answers in time is not refused. */
function checkAnswers(history: OfferHistory, leaseTime: number): string[] {
  const { offer, wasDropped, leases, answers, backs } = history;
  const breaches: string[] = [];
  const accepted = answers.filter(isAccepted);
  if (new Set(accepted.map(({ action }) => action.answer)).size > 1) {
    breaches.push(`"${offer}" was answered twice: ${accepted.map(show).join(" and ")}`);
  }
  for (const answer of accepted) {
    const own = findLease(answer);
    // It may have been sent before without anybody knowing what became of it.
    const first = answers.find(({ action }) => action.answer === answer.action.answer)!;
    const later = own && leases.find(({ begin, end }) => begin > own.end && end < first.begin);
    if (!own) breaches.push(`nobody held that: ${show(answer)}`);
    else if (later) breaches.push(`after its lease went to ${show(later)}: ${show(answer)}`);
  }
  for (const refused of answers.filter(({ outcome }) => outcome === 409)) {
    const own = findLease(refused);
    const isTimely = own && refused.end < own.begin + leaseTime;
    const isGivenBack = backs.some(({ action }) => action.lease === refused.action.lease);
    const isSecond = answers.some(({ action, outcome }) =>
      action.answer !== refused.action.answer && outcome !== 409
    );
    if (isTimely && !isGivenBack && !isSecond && !wasDropped) {
      breaches.push(`refused though in time after ${show(own)}: ${show(refused)}`);
    }
  }
  return breaches;

  function findLease({ joiner, action }: Of<"answer">): Lease | undefined {
    return leases.find((lease) => lease.joiner === joiner && lease.action.lease === action.lease);
  }
}

/** What was accepted arrives, bound to its offer; what was refused does not. */
function checkDeliveries({ answers, deliveries }: OfferHistory): string[] {
  const lost = answers.filter(isAccepted).filter(({ action }) =>
    !deliveries.some(({ answer }) => answer === action.answer)
  );
  const invented = deliveries.filter(({ answer }) =>
    answers.filter(({ action }) => action.answer === answer).every(({ outcome }) => outcome === 409)
  );
  const differing = deliveries.filter(({ id, answer }) =>
    id !== deliveries[0].id || answer !== deliveries[0].answer
  );
  return [
    ...lost.map((answer) => `never delivered: ${show(answer)}`),
    ...invented.map((delivery) => `delivered though refused: ${JSON.stringify(delivery)}`),
    ...differing.map((delivery) => `delivered differently: ${JSON.stringify(delivery)}`),
  ];
}

/** When nothing moves any more the counter is what the offers are, and one socket is open. */
function checkQuiet({ quiet, deliveries }: SessionHistory): string[] {
  const answered = new Set(deliveries.map(({ offer }) => offer)).size;
  const counted = `${quiet.offers} offers, ${quiet.consumed} consumed`;
  const meant = `${answered + quiet.live.length} offers, ${answered} consumed`;
  const breaches: string[] = [];
  if (counted !== meant) breaches.push(`counts ${counted}, where there are ${meant}`);
  if (`${quiet.leasable.toSorted()}` !== `${quiet.live.toSorted()}`) {
    breaches.push(`leases ${quiet.leasable}, where ${quiet.live} are live`);
  }
  if (!quiet.isAlone) breaches.push("an old socket of its primary was never closed");
  return breaches;
}

function listOffers(requests: Request[], session: SessionHistory): OfferHistory[] {
  const offers = new Map<string, OfferHistory>();
  const find = (offer: string) => {
    const wasDropped = session.dropped.has(offer);
    const found = offers.get(offer) ??
      { offer, wasDropped, leases: [], answers: [], backs: [], deliveries: [] };
    offers.set(offer, found);
    return found;
  };
  for (const request of requests) {
    const { kind } = request.action;
    if (kind === "answer") find(request.action.offer).answers.push(request as Of<"answer">);
    if (kind === "give-back") find(request.action.offer).backs.push(request as Of<"give-back">);
    if (kind === "lease" && request.action.offer) {
      find(request.action.offer).leases.push(request as Lease);
    }
  }
  for (const delivery of session.deliveries) find(delivery.offer).deliveries.push(delivery);
  return [...offers.values()];
}

const isAccepted = ({ outcome }: Request) => outcome === 202;

function show({ joiner, action, begin, end, outcome }: Request): string {
  const { kind, ...rest } = action;
  const at = `${begin.toFixed()}-${end.toFixed()} ms`;
  return `[${joiner}: ${kind} ${JSON.stringify(rest)} ${at}: ${outcome}]`;
}
