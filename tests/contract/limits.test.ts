/** What one address, or everybody at one session, may ask for. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { type Server, type Settings, startServer, until } from "./harness.ts";
import { assertProblem, openLink, type Reply } from "./joiner.ts";
import { comeBack, Primary, startSession } from "./primary.ts";

async function withServer(settings: Settings, test: (server: Server) => Promise<void>) {
  const server = await startServer(settings);
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Asks `count` times for `id`, as a proxy says that `client` does. */
async function askAs(client: string, count: number, server: Server, id = makeId()) {
  const replies: Reply[] = [];
  for (let i = 0; i < count; i++) {
    replies.push(await openLink({ server, id }, { "x-forwarded-for": client }));
  }
  return replies.map(({ status }) => status);
}

const count = (statuses: number[], status: number) => statuses.filter((s) => s === status).length;

Deno.test("Behind a trusted proxy each client has a limit of its own, an IPv6 /64 one for all of it", async () => {
  await withServer({ LIMIT_PER_MINUTE: "10", TRUSTED_PROXIES: "1" }, async (server) => {
    assert(count(await askAs("203.0.113.1", 22, server), 429) > 0);
    assertEquals(count(await askAs("203.0.113.2", 10, server), 429), 0);
    assert(count(await askAs("6.6.6.6, 203.0.113.1", 1, server), 429) > 0, "what it wrote itself");
    for (let i = 0; i < 11; i++) await askAs(`2001:db8:1:1::${i}`, 2, server);
    assertEquals(await askAs("2001:db8:1:1:ffff::1", 1, server), [429]);
    assertEquals(await askAs("2001:db8:1:2::1", 1, server), [404]);
  });
});

Deno.test("A proxy is trusted by its network, and a stranger is not", async () => {
  const limited = { LIMIT_PER_MINUTE: "10" };
  await withServer({ ...limited, TRUSTED_PROXIES: "127.0.0.0/8, ::1" }, async (server) => {
    for (let i = 0; i < 30; i++) assertEquals(await askAs(`203.0.113.${i}`, 1, server), [404]);
  });
  for (const TRUSTED_PROXIES of [undefined, "10.0.0.0/8", "0"]) {
    await withServer({ ...limited, TRUSTED_PROXIES }, async (server) => {
      const statuses = [];
      for (let i = 0; i < 22; i++) statuses.push(...await askAs(`203.0.113.${i}`, 1, server));
      assert(count(statuses, 429) > 0, `trusted ${TRUSTED_PROXIES}`);
    });
  }
});

Deno.test("One session may be asked for twice as often as one address may ask", async () => {
  await withServer({ LIMIT_PER_MINUTE: "10", TRUSTED_PROXIES: "1" }, async (server) => {
    const id = makeId();
    const clients = Array.from({ length: 6 }, (_, i) => `203.0.113.${i}`);
    const statuses = [];
    for (const client of clients) statuses.push(...await askAs(client, 9, server, id));
    // More fit only where a minute passed meanwhile.
    assert(count(statuses, 429) >= 10, statuses.join());
    assertEquals(await askAs("203.0.113.9", 1, server), [404], "another session");
  });
});

Deno.test("An address may start a twentieth as many sessions as it may ask, and come back to each", async () => {
  await withServer({ LIMIT_PER_MINUTE: "100" }, async (server) => {
    const refusals: Primary[] = [];
    const sessions = [];
    // Twice the limit and one fit no two parts of minutes.
    for (let i = 0; i < 11; i++) {
      const id = makeId();
      const primary = new Primary(server, id);
      await primary.deposit({ sessionId: id, offers: ["x"], key: "k".repeat(16) });
      if (await primary.verdict() === "error") refusals.push(primary);
      else sessions.push({ server, id, key: "k".repeat(16), primary });
    }
    assert(sessions.length >= 5, `${sessions.length} sessions`);
    assert(refusals.length > 0);
    for (
      const { frames, closed } of refusals.map((p) => ({ frames: p.frames, closed: p.closed() }))
    ) {
      assertEquals((await closed).code, 4029);
      const [{ code, detail }] = frames as { code?: string; detail?: string }[];
      assertEquals(code, "too-many");
      assertMatch(detail!, /try again in \d+ seconds/);
    }
    for (const session of sessions) {
      await using back = await comeBack(session, ["x"]);
      await back.next("welcome");
      await session.primary.closed();
    }
  });
});

Deno.test("An address may hold SESSIONS_PER_ADDRESS sockets, and another when one is closed", async () => {
  await withServer({ LIMIT_PER_MINUTE: undefined, SESSIONS_PER_ADDRESS: "2" }, async (server) => {
    await using one = await startSession(server);
    await using _two = await startSession(server);
    const reply = await fetch(`${server.origin}/${makeId()}`, {
      headers: { upgrade: "websocket", connection: "upgrade", accept: "application/json" },
    });
    const text = await reply.text();
    assertProblem({ status: reply.status, headers: reply.headers, text }, "too-many");
    assertMatch(reply.headers.get("retry-after") ?? "missing", /^[1-9]\d*$/);
    await using third = new Primary(server, makeId());
    assertEquals(await third.opened().then(() => true, () => false), false);
    await one.primary.close();
    await until("room for another", async () => {
      await using other = new Primary(server, makeId());
      return await other.opened().then(() => true, () => false);
    }, Boolean);
  });
});
