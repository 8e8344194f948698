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
import type { Session } from "./session.ts";
import { add, check, remove, set, type Store } from "./store.ts";

export interface Mail {
  /** The mutations that leave a note; none where the socket is here or nowhere. */
  note(session: Session, id: string): Deno.KvMutation[];
  /** After the commit: wakes the holder. */
  wake(session: Session, id: string): void;
  close(): Promise<void>;
}

const keyOfMailbox = (isolate: string) => ["mailbox", isolate];
const keyOfNotes = (isolate: string) => ["mail", isolate];
const keyOfNote = (isolate: string, session: string) => ["mail", isolate, session];

/** `onMail` reads what is new for a session, and resolves when it has acted on it. */
export function openMail(
  store: Store,
  isolate: string,
  onMail: (session: string, wake: Wake) => Promise<void>,
): Mail {
  const act = (session: string, wake: Wake) =>
    onMail(session, wake).catch((error) => log("mail-not-read", describeError(error)));
  const hint = openHint(isolate, (session) => act(session, "hint"));
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
    wake({ holder }, id) {
      if (holder?.isolate === isolate) act(id, "here");
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
