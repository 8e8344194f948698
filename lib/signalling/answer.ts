/** An answer, bound to its offer: stored before it is promised, kept until the primary has it. */
import type { Context, Gone } from "./context.ts";
import { delay } from "./delay.ts";
import { digest } from "./digest.ts";
import { count, isFree, keyOfOffer, nameOffer, type Offer } from "./offer.ts";
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
/** What is left of a confirmed answer: its digest, so that its offer is never used again. */
export const keyOfDelivered = (session: string, id: string) => ["delivered", session, id];

const MOST_TRIES = 50;

/**
 * Binds `answer` to the offer and leaves it for the primary, in one commit. `leaseExpiresAt` names
 * the lease where the joiner kept it; without it, whoever holds the lease is taken to be answering.
 * The answer's id in the mail is the offer's id.
 */
export async function storeAnswer(
  context: Context,
  id: string,
  { offer, answer, leaseExpiresAt }: { offer: string; answer: string; leaseExpiresAt?: number },
  deliver: (mail: AnswerMail) => void,
): Promise<{ primary: "here" | "away" } | "offer-unavailable" | Gone> {
  const { store, pool, mail, now } = context;
  const offerId = nameOffer(offer);
  const keys = [
    keyOfSession(id),
    keyOfOffer(id, offerId),
    keyOfAnswer(id, offerId),
    keyOfDelivered(id, offerId),
  ] as const;
  const sight = pool.recall(id);
  let session: Deno.KvEntryMaybe<Session> | null = sight?.session ?? null;
  let lease: Deno.KvEntryMaybe<Offer> | undefined = sight?.leased.get(offerId);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (!session || !lease) {
      const found = await store.getMany<[Session, Offer, StoredAnswer, string]>([...keys]);
      const [, , earlier, delivered] = found;
      [session, lease] = found;
      if (!session.value) return "no-such-session";
      if (isOver(session.value, now())) return "ended";
      const known = earlier.value ? digest(earlier.value.answer) : delivered.value;
      if (known !== null) {
        return known === digest(answer) ? tell(session.value) : "offer-unavailable";
      }
    }
    if (!session.value || isOver(session.value, now())) return "ended";
    if (!lease.value || lease.value.offer !== offer || isFree(lease.value, now())) {
      return "offer-unavailable";
    }
    if (leaseExpiresAt !== undefined && leaseExpiresAt !== lease.value.leaseExpiresAt) {
      return "offer-unavailable";
    }
    const stored = await store.commit({
      checks: [check(session), check(lease)],
      mutations: [
        remove(lease.key),
        set(keyOfAnswer(id, offerId), { offer, answer }),
        ...count(id, { answered: 1 }),
        ...mail.note(session.value, id),
      ],
    });
    if (stored) {
      sight?.leased.delete(offerId);
      if (session.value.holder?.isolate === context.isolate) {
        deliver({ id: offerId, offer, answer });
      } else mail.wake(session.value, id);
      return tell(session.value);
    }
    session = null;
    await delay(Math.random() * Math.min(tries, 20));
  }
  return "offer-unavailable";
}

const tell = ({ holder }: Session) => ({ primary: holder ? "here" : "away" } as const);

/** All answers that the primary has not confirmed. */
export async function listAnswers(context: Context, id: string): Promise<AnswerMail[]> {
  const entries = await context.store.list<StoredAnswer>(keyOfAnswers(id));
  return entries.map(({ key, value }) => ({ id: key[2] as string, ...value }));
}

/** The primary has these: only their digests stay. Unknown ids are ignored. */
export async function confirmAnswers(context: Context, id: string, answerIds: string[]) {
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
