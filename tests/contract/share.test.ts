/** Leases where one address holds many and others wait. */
import { assertEquals } from "@std/assert";
import { shareServer, until } from "./harness.ts";
import { answerLease, assertProblem, type Lease, openLink } from "./joiner.ts";
import { startSession } from "./primary.ts";

const server = shareServer({ TRUSTED_PROXIES: "1" });
type Session = Awaited<ReturnType<typeof startSession>>;

const askAs = (client: string, session: Session) =>
  openLink(session, { "x-forwarded-for": client });

/** Leases as many as there are. */
async function hoard(client: string, session: Session): Promise<Lease[]> {
  const leases: Lease[] = [];
  while (true) {
    const { status, text } = await askAs(client, session);
    if (status === 503) return leases;
    leases.push(JSON.parse(text));
  }
}

/** Asks until there is an offer, as the page does. */
async function join(client: string, session: Session): Promise<Lease> {
  const reply = await until(
    `an offer for ${client}`,
    () => askAs(client, session),
    ({ status }) => status === 200,
    20_000,
  );
  return JSON.parse(reply.text);
}

Deno.test("Who holds all offers and answers none loses half of them to others who wait", async () => {
  await using session = await startSession(server());
  const hoarded = await hoard("203.0.113.1", session);
  assertEquals(hoarded.length, 4);
  const mine = await join("203.0.113.2", session);
  const theirs = await join("203.0.113.3", session);
  assertProblem(await askAs("203.0.113.4", session), "no-free-offer");
  assertProblem(await askAs("203.0.113.1", session), "no-free-offer");

  const taken = [mine.offer, theirs.offer];
  const lost = hoarded.filter(({ offer }) => taken.includes(offer));
  const kept = hoarded.filter(({ offer }) => !taken.includes(offer));
  assertEquals([lost.length, kept.length], [2, 2]);
  for (const lease of lost) {
    assertProblem(await answerLease(session, lease, "too late"), "offer-unavailable");
  }
  for (const lease of [mine, theirs, ...kept]) {
    assertEquals((await answerLease(session, lease, `to ${lease.offer}`)).status, 202);
  }
  const answers = await session.primary.answers(4);
  for (const { offer, answer } of answers) assertEquals(answer, `to ${offer}`);
  await session.primary.status(4, 4);
});

Deno.test("The only lease is taken from nobody, and none for who has as many", async () => {
  await using single = await startSession(server(), { offers: ["only"] });
  await using shared = await startSession(server(), { offers: ["a", "b", "c"] });
  const [slow] = await hoard("203.0.113.1", single);
  assertEquals((await hoard("203.0.113.1", shared)).length, 3);
  await join("203.0.113.2", shared);
  // By now the first lease is old enough to be taken, if it were to be.
  for (const client of ["203.0.113.2", "203.0.113.3"]) {
    assertProblem(await askAs(client, single), "no-free-offer");
  }
  assertProblem(await askAs("203.0.113.2", shared), "no-free-offer");
  assertEquals((await answerLease(single, slow, "x")).status, 202);
});
