/** Plays primaries, joiners and accidents by the choices of a seed, and records what they saw. */
import { answerLease, giveBack, type Lease, openLink, type Reply } from "../../contract/joiner.ts";
import { until } from "../../contract/harness.ts";
import type { Denokv } from "../denokv.ts";
import type { Process } from "../process.ts";
import { SteadyPrimary } from "../steady_primary.ts";
import type { Action, History } from "./history.ts";
import { createRandom, type Random } from "./random.ts";

export interface Scene {
  seed: number;
  /** How long the joiners come and the accidents happen, in milliseconds. */
  duration: number;
  /** How many processes there are. */
  servers: number;
  start(settings: { LEASE_SECONDS: string }): Promise<Process>;
  /** The store, where it may be struck, too. */
  denokv?: Denokv;
}

const LEASE_SECONDS = 1;
const SESSIONS = 3;
const JOINERS = 20;
/** How long a joiner tries on. In milliseconds. */
const STAMINA = 20_000;

export async function play({ seed, duration, servers, start, denokv }: Scene): Promise<History> {
  const random = createRandom(seed);
  const history: History = {
    leaseTime: LEASE_SECONDS * 1_000,
    storeWasAway: denokv !== undefined,
    requests: [],
    sessions: [],
  };
  let isOver = false;
  const startOne = () => start({ LEASE_SECONDS: String(LEASE_SECONDS) });
  const processes = await Promise.all(Array.from({ length: servers }, startOne));
  const primaries = Array.from({ length: SESSIONS }, (_, i) => {
    const habits = random.derive(`primary ${i}`);
    return new SteadyPrimary({
      choose: () => habits.pick(processes),
      size: 2 + habits.below(6),
      refills: () => !isOver,
      declares: () => !habits.oneIn(6),
      confirms: () => !habits.oneIn(3),
    });
  });
  try {
    for (const primary of primaries) await untilWelcome(primary);
    const end = performance.now() + duration;
    await Promise.all([
      strike(random.derive("accidents"), end),
      ...primaries.map((primary, i) =>
        returnNowAndThen(random.derive(`returns ${i}`), primary, end)
      ),
      ...Array.from(
        { length: JOINERS },
        (_, i) => joinOnAndOn(random.derive(`joiner ${i}`), i, end),
      ),
    ]);
    isOver = true;
    for (const primary of primaries) history.sessions.push(await conclude(primary));
    return history;
  } finally {
    for (const primary of primaries) await primary[Symbol.asyncDispose]();
  }

  /** One accident after the other. */
  async function strike(random: Random, end: number): Promise<void> {
    while (performance.now() < end) {
      await wait(100 + random.below(500));
      const i = random.below(servers);
      const accident = random.below(denokv ? 10 : 8);
      if (accident < 4) {
        await processes[i].kill();
        processes[i] = await startOne();
      } else if (accident < 6) {
        await processes[i].end();
        processes[i] = await startOne();
      } else if (accident < 8) {
        processes[i].pause();
        await wait(100 + random.below(900));
        processes[i].resume();
      } else {
        await denokv!.stop(random.pick(["SIGKILL", "SIGTERM"]));
        await wait(random.below(3_000));
        await denokv!.start();
      }
    }
  }

  /** The primary comes back, often while its old socket is as good as ever. */
  async function returnNowAndThen(random: Random, primary: SteadyPrimary, end: number) {
    while (performance.now() < end) {
      await wait(200 + random.below(1_500));
      primary.comeBack();
    }
  }

  async function joinOnAndOn(random: Random, i: number, end: number): Promise<void> {
    for (let n = 0; performance.now() < end; n++) {
      await joinOnce(random, `${i}.${n}`, random.pick(primaries).id);
      await wait(random.below(60));
    }
  }

  async function joinOnce(random: Random, joiner: string, session: string): Promise<void> {
    const anywhere = () => ({ server: random.pick(processes), id: session });
    if (random.oneIn(8)) {
      await send(
        { kind: "look" },
        () => openLink(anywhere(), { "sec-purpose": "prefetch" }),
      );
    }
    const lease = await send({ kind: "lease" }, () => openLink(anywhere()));
    if (!lease) return;
    const answer = (text: string, by = lease) =>
      send(
        { kind: "answer", offer: by.offer, lease: by.leaseExpiresAt, answer: text },
        () => answerLease(anywhere(), by, text),
      );
    const back = () =>
      send(
        { kind: "give-back", offer: lease.offer, lease: lease.leaseExpiresAt },
        () => giveBack(anywhere(), lease),
      );
    const text = `answer of ${joiner} to ${lease.offer}`;
    const manner = random.below(20);
    if (manner < 9) await answer(text);
    else if (manner < 11) await Promise.all([answer(text), answer(text)]);
    else if (manner < 13) await Promise.all([answer(text), answer(`other ${text}`)]);
    else if (manner < 15) await Promise.all([answer(text), back()]);
    else if (manner < 17) await back().then(() => answer(text));
    else if (manner < 18) await wait(history.leaseTime).then(() => answer(text));
    else if (manner < 19) {
      await answer(text, { ...lease, leaseExpiresAt: lease.leaseExpiresAt + 1 });
    }

    /** Sends it until there is an answer that stands, as a client does. @returns the lease got. */
    async function send(action: Action, request: () => Promise<Reply>): Promise<Lease | null> {
      const giveUp = performance.now() + STAMINA;
      while (true) {
        const begin = performance.now();
        const reply = await request().catch(() => null);
        const end = performance.now();
        const got: Lease | null = action.kind === "lease" && reply?.status === 200
          ? JSON.parse(reply.text)
          : null;
        history.requests.push({
          session,
          joiner,
          action: got ? { kind: "lease", offer: got.offer, lease: got.leaseExpiresAt } : action,
          begin,
          end,
          outcome: reply?.status ?? "lost",
          retryAfter: reply?.headers.has("retry-after") ?? false,
        });
        const stands = reply && reply.status !== 503;
        if (stands || action.kind === "lease" || end > giveUp) return got;
        await wait(20 + random.below(50));
      }
    }
  }

  /** Lets a session come to rest, sees what is left of it, and ends it. */
  async function conclude(primary: SteadyPrimary): Promise<History["sessions"][number]> {
    const { id, deliveries, dropped } = primary;
    const accepted = history.requests
      .filter(({ session, outcome }) => session === id && outcome === 202)
      .flatMap(({ action }) => action.kind === "answer" ? [action.answer] : []);
    primary.comeBack();
    await untilWelcome(primary);
    // Where this never comes true, the history says what is wrong.
    await until("the session to come to rest", () => {
      const arrived = new Set(deliveries.map(({ answer }) => answer));
      const consumed = new Set(deliveries.map(({ offer }) => offer)).size;
      const { status, live } = primary;
      return Promise.resolve(
        primary.isAlone && accepted.every((answer) => arrived.has(answer)) &&
          status.consumed === consumed && status.offers === consumed + live.length,
      );
    }, (isAtRest) => isAtRest).catch(() => {});
    const { live, isAlone } = primary;
    const quiet = {
      ...primary.status,
      isAlone,
      live,
      leasable: await drainPool(id, live.length + 4),
    };
    const begin = performance.now();
    await primary.end();
    const ending = { begin, end: performance.now() };
    await Promise.all(processes.map((server) => look(server, id)));
    return { id, deliveries, dropped, quiet, ending };
  }

  /** More joiners at once than there are offers: they get all that there is. */
  async function drainPool(id: string, joiners: number): Promise<string[]> {
    const replies = await Promise.all(
      Array.from({ length: joiners }, () => openLink({ server: random.pick(processes), id })),
    );
    return replies.filter(({ status }) => status === 200).map(({ text }) => JSON.parse(text).offer);
  }

  async function look(server: Process, session: string) {
    const begin = performance.now();
    const reply = await openLink({ server, id: session });
    history.requests.push({
      session,
      joiner: "last",
      action: { kind: "look" },
      begin,
      end: performance.now(),
      outcome: reply.status,
      retryAfter: reply.headers.has("retry-after"),
    });
  }
}

async function untilWelcome(primary: SteadyPrimary): Promise<void> {
  await until("the primary to be welcome", () => Promise.resolve(primary.isWelcome), (is) => is);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
