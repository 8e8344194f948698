/** An answer, bound to its offer: stored before it is promised, kept until the primary has it. */
import type { Context, Gone } from "./context.ts";
import { digest } from "./digest.ts";
import { countUp } from "./metrics.ts";
import { count, keyOfOffer, nameOffer, type Offer, waitForOffer } from "./offer.ts";
import { retryChange } from "./retry_change.ts";
import { isOver, keyOfSession, type Session } from "./session.ts";
import { check, remove, set } from "./store.ts";

/** An answer that the primary has not confirmed. */
export interface StoredAnswer {
  offer: string;
  answer: string;
}

/** As it goes to the primary. */
export interface AnswerMail extends StoredAnswer {
  id: string;
}

export const keyOfAnswers = (session: string) => ["answer", session];
export const keyOfAnswer = (session: string, id: string) => ["answer", session, id];
export const keyOfAllDelivered = (session: string) => ["delivered", session];
/** What is left of a confirmed answer: its digest, so that its offer is never used again. */
export const keyOfDelivered = (session: string, id: string) => ["delivered", session, id];

/**
 * Binds `answer` to the offer and leaves it for the primary, in one commit. `leaseExpiresAt` names
 * the lease where the joiner kept it; without it, whoever holds the lease is taken to be answering.
 * The answer's id in the mail is the offer's id.
 */
export async function storeAnswer(
  context: Context,
  id: string,
  body: Body,
  deliver: (mail: AnswerMail) => void,
): Promise<Stored | "offer-unavailable" | Gone> {
  const { store, pool, mail } = context;
  const { offer, answer } = body;
  const sight = pool.recall(id);
  let held: Held | "offer-unavailable" | Gone | undefined = recallHeld(context, id, body);
  const offerId = held?.lease ? held.lease.key[2] as string : nameOffer(offer);
  return await retryChange(async () => {
    held ??= await readHeld(context, id, offerId, body);
    if (typeof held === "string") return held;
    const { session, lease } = held;
    if (!lease) {
      if (held.isWaiting) await remind(session.value);
      return tell(session.value);
    }
    held = undefined;
    const stored = await store.commit({
      checks: [check(session), check(lease)],
      mutations: [
        remove(lease.key),
        set(keyOfAnswer(id, offerId), { offer, answer }),
        ...count(id, { answered: 1 }),
        ...mail.note(session.value, id),
      ],
    });
    if (!stored) return countUp("conflicts");
    countUp("joins");
    sight?.leased.delete(offerId);
    if (session.value.holder?.isolate === context.isolate) {
      deliver({ id: offerId, offer, answer });
    }
    mail.wake(session.value, id, { answered: 1 });
    return tell(session.value);
  });

  /** The answer is stored, but its commit may have come after whoever would have said so gave up. */
  async function remind(session: Session) {
    const mutations = mail.note(session, id);
    if (mutations.length > 0) await store.commit({ checks: [], mutations });
    if (session.holder?.isolate === context.isolate) deliver({ id: offerId, offer, answer });
    else mail.wake(session, id, {});
  }
}

type Stored = { primary: "here" | "away" };
/** What a body answers: a lease, or (null) nothing, because this very answer is stored already. */
type Held =
  & { session: Deno.KvEntry<Session> }
  & ({ lease: Deno.KvEntry<Offer> } | { lease: null; isWaiting: boolean });
type Body = { offer: string; answer: string; leaseExpiresAt?: number };

/** A lease that this isolate granted: it needs no read. One that looks wrong may only look so from here. */
function recallHeld(context: Context, id: string, body: Body): Held | undefined {
  const { session, leased } = context.pool.recall(id) ?? {};
  if (!session || isOver(context, session.value)) return;
  // By the text: there are few, and a digest takes longer.
  for (const lease of leased!.values()) {
    if (isHeld(context, id, body, lease.value)) return { session, lease };
  }
}

/** The session, and what `body` answers in it; or what is to be said instead. */
async function readHeld(
  context: Context,
  id: string,
  offerId: string,
  body: Body,
): Promise<Held | "offer-unavailable" | Gone> {
  const [session, lease, earlier, delivered] = await context.store.getMany<
    [Session, Offer, StoredAnswer, string]
  >([
    keyOfSession(id),
    keyOfOffer(id, offerId),
    keyOfAnswer(id, offerId),
    keyOfDelivered(id, offerId),
  ]);
  if (!session.value) return "no-such-session";
  // Whoever comes next for it need not stand in line with those who make ids up.
  context.pool.showSession(session as Deno.KvEntry<Session>);
  if (isOver(context, session.value)) return "ended";
  const known = earlier.value ? digest(earlier.value.answer) : delivered.value;
  if (known !== null) {
    if (known !== digest(body.answer)) return "offer-unavailable";
    return { session, lease: null, isWaiting: earlier.value !== null };
  }
  if (!lease.value || !isHeld(context, id, body, lease.value)) return "offer-unavailable";
  return { session, lease };
}

function isHeld(context: Context, id: string, body: Body, lease: Offer): boolean {
  return lease.offer === body.offer && waitForOffer(context, id, lease) > 0 &&
    (body.leaseExpiresAt === undefined || body.leaseExpiresAt === lease.leaseExpiresAt);
}

const tell = ({ holder }: Session): Stored => ({ primary: holder ? "here" : "away" });

/** All answers that the primary has not confirmed. */
export async function listAnswers(context: Context, id: string): Promise<AnswerMail[]> {
  const entries = await context.store.list<StoredAnswer>(keyOfAnswers(id));
  return entries.map(({ key, value }) => ({ id: key[2] as string, ...value }));
}

/**
 * The primary has these: only their digests stay. `sent` are answers by their ids, for those that this
 * isolate remembers; the others are read, and unknown ids ignored.
 */
export async function confirmAnswers(
  context: Context,
  id: string,
  answerIds: string[],
  sent: ReadonlyMap<string, string>,
) {
  const session = context.pool.recall(id)?.session;
  const known = [...new Set(answerIds)].filter((answerId) => sent.has(answerId));
  if (session && known.length > 0) {
    const confirmed = await context.store.commit({
      checks: [check(session)],
      mutations: known.flatMap((answerId) => [
        remove(keyOfAnswer(id, answerId)),
        set(keyOfDelivered(id, answerId), digest(sent.get(answerId)!)),
      ]),
    });
    if (confirmed) answerIds = answerIds.filter((answerId) => !sent.has(answerId));
  }
  await Promise.all([...new Set(answerIds)].map(async (answerId) => {
    const entry = await context.store.get<StoredAnswer>(keyOfAnswer(id, answerId));
    if (!entry.value) return;
    await context.store.commit({
      checks: [check(entry)],
      mutations: [
        remove(entry.key),
        set(keyOfDelivered(id, answerId), digest(entry.value.answer)),
      ],
    });
  }));
}
