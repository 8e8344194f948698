/**
 * How the isolate that holds a primary's socket learns that something happened elsewhere.
 *
 * Whoever changes a session writes a note for the holder's isolate in the same commit and counts its
 * mailbox up. A hint wakes the holder at once where it reaches; the watch on its one mailbox key
 * wakes it where the hint was lost. The holder reads the truth, acts, and then removes the note it
 * has read, by check-and-set, so that a note written meanwhile is not lost.
 */
import { delay } from "./delay.ts";
import { openHint } from "./hint.ts";
import { describeError, log } from "./log.ts";
import type { Wake } from "./metrics.ts";
import type { Counts } from "./offer.ts";
import type { Session } from "./session.ts";
import { add, check, remove, set, type Store } from "./store.ts";

export interface Mail {
  /** The mutations that leave a note; none where the socket is here or nowhere. */
  note(session: Session, id: string): Deno.KvMutation[];
  /** After the commit that moved the counter by `change`: wakes the holder. */
  wake(session: Session, id: string, change: Partial<Counts>): void;
  close(): Promise<void>;
}

const keyOfMailbox = (isolate: string) => ["mailbox", isolate];
const keyOfNotes = (isolate: string) => ["mail", isolate];
const keyOfNote = (isolate: string, session: string) => ["mail", isolate, session];

/**
 * `onMail` reads what is new for a session, and resolves when it has acted on it. `onMove`: this
 * isolate itself moved the counter of a session that it holds.
 */
export function openMail(
  store: Store,
  isolate: string,
  { onMail, onMove }: {
    onMail: (session: string, wake: Wake) => Promise<void>;
    onMove: (session: string, change: Partial<Counts>) => void;
  },
): Mail {
  const hint = openHint(isolate, (session) => {
    onMail(session, "hint").catch((error) => log("mail-not-read", describeError(error)));
  });
  let watching: ReadableStreamDefaultReader<unknown>;
  let open = true;
  const closed = watch();

  async function watch() {
    while (open) {
      try {
        watching = store.watch([keyOfMailbox(isolate)]).getReader();
        while (open && !(await watching.read()).done) await readNotes();
      } catch (error) {
        if (open) log("mailbox-out-of-reach", describeError(error));
      }
      if (open) await delay(500 + Math.random() * 500);
    }
  }

  async function readNotes() {
    await Promise.all((await store.list(keyOfNotes(isolate))).map(async (entry) => {
      await onMail(entry.key[2] as string, "watch");
      await store.commit({ checks: [check(entry)], mutations: [remove(entry.key)] });
    }));
  }

  return {
    note({ holder }, id) {
      if (!holder || holder.isolate === isolate) return [];
      return [set(keyOfNote(holder.isolate, id), true), add(keyOfMailbox(holder.isolate), 1)];
    },
    wake({ holder }, id, change) {
      if (holder?.isolate === isolate) onMove(id, change);
      else if (holder) hint.send(holder.isolate, id);
    },
    async close() {
      open = false;
      hint.close();
      await watching?.cancel();
      await closed;
    },
  };
}

/** Mutations that remove what a dead isolate left. */
export async function clearMail(store: Store, isolate: string): Promise<Deno.KvMutation[]> {
  const notes = await store.list(keyOfNotes(isolate));
  return [keyOfMailbox(isolate), ...notes.map(({ key }) => key)].map(remove);
}
