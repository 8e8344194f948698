import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { IceServer } from "../../lib/protocol/wire.ts";
import { failToStart, type Settings, startServer } from "./harness.ts";
import { ask, BROWSER, openLink } from "./joiner.ts";
import { readFields } from "./page.ts";
import { startSession } from "./primary.ts";

/** Starts with each of `settings`, two at a time, and holds the refusal to naming `name`. */
async function assertRefused(name: string, ...settings: Settings[]): Promise<void> {
  const complaints: string[] = [];
  const check = async (settings: Settings) => {
    const what = JSON.stringify(settings);
    try {
      const { code, words } = await failToStart(settings);
      assertNotEquals(code, 0, what);
      assert(words.includes(name), `${what} said: ${words}`);
      assert(!/^\s+at /m.test(words), `${what} showed a stack, which is no sentence: ${words}`);
    } catch (error) {
      complaints.push((error as Error).message);
    }
  };
  for (let i = 0; i < settings.length; i += 2) {
    await Promise.all(settings.slice(i, i + 2).map(check));
  }
  assertEquals(complaints, []);
}

Deno.test("A bad PORT stops the start with a sentence that names it", async () => {
  await assertRefused("PORT", { PORT: "http" }, { PORT: "-1" }, { PORT: "65536" }, {
    PORT: "80.5",
  });
});

Deno.test("A PORT that is taken stops the start with a sentence that names it", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assertRefused("PORT", { PORT: String(taken.addr.port) });
});

Deno.test("A bad HOST stops the start with a sentence that names it", async () => {
  await assertRefused("HOST", { HOST: "no host at all" });
});

Deno.test("A bad DENO_KV_PATH stops the start with a sentence that names it", async () => {
  await assertRefused(
    "DENO_KV_PATH",
    { DENO_KV_PATH: "/nowhere/at/all/kv.sqlite" },
    { DENO_KV_PATH: "ftp://127.0.0.1/kv" },
  );
});

Deno.test("A KV Connect address without DENO_KV_ACCESS_TOKEN stops the start and names that", async () => {
  await assertRefused("DENO_KV_ACCESS_TOKEN", { DENO_KV_PATH: "http://127.0.0.1:1" });
});

Deno.test("A bad ICE_SERVERS stops the start with a sentence that names it", async () => {
  await assertRefused(
    "ICE_SERVERS",
    { ICE_SERVERS: "stun:stun.example" },
    { ICE_SERVERS: "{}" },
    { ICE_SERVERS: "[{}]" },
    { ICE_SERVERS: '[{"urls":7}]' },
  );
});

Deno.test("TURN_URLS without TURN_SECRET stops the start and names that", async () => {
  await assertRefused("TURN_SECRET", { TURN_URLS: "turn:127.0.0.1:3478" });
});

Deno.test("A bad TURN_URLS stops the start with a sentence that names it", async () => {
  await assertRefused("TURN_URLS", { TURN_URLS: "https://turn.example", TURN_SECRET: "x" });
});

Deno.test("A bad ALLOWED_ORIGINS stops the start with a sentence that names it", async () => {
  await assertRefused(
    "ALLOWED_ORIGINS",
    { ALLOWED_ORIGINS: "app.example" },
    { ALLOWED_ORIGINS: "https://app.example/path" },
  );
});

Deno.test("A bad TARGET_ORIGINS stops the start with a sentence that names it", async () => {
  await assertRefused(
    "TARGET_ORIGINS",
    { TARGET_ORIGINS: "app.example" },
    { TARGET_ORIGINS: "ftp://app.example" },
  );
});

Deno.test("A bad TURN_SECONDS stops the start with a sentence that names it", async () => {
  const turn = { TURN_URLS: "turn:127.0.0.1:3478", TURN_SECRET: "x" };
  await assertRefused(
    "TURN_SECONDS",
    { ...turn, TURN_SECONDS: "soon" },
    { ...turn, TURN_SECONDS: "9" },
  );
});

Deno.test("A bad TRUSTED_PROXIES stops the start with a sentence that names it", async () => {
  await assertRefused(
    "TRUSTED_PROXIES",
    { TRUSTED_PROXIES: "yes" },
    { TRUSTED_PROXIES: "10.0.0.0/33" },
    { TRUSTED_PROXIES: "10.0.0.0/8, proxy.example" },
  );
});

for (const name of ["LEASE_SECONDS", "GRACE_SECONDS", "LIMIT_PER_MINUTE", "SESSIONS_PER_ADDRESS"]) {
  Deno.test(`A bad ${name} stops the start with a sentence that names it`, async () => {
    await assertRefused(name, { [name]: "soon" }, { [name]: "-1" });
  });
}

Deno.test("ICE_SERVERS are told to the primary, to programs and to the page", async () => {
  const iceServers = [
    { urls: "stun:stun.example:3478" },
    { urls: ["turn:turn.example"], username: "ana", credential: 'p"<&' },
  ];
  const server = await startServer({ ICE_SERVERS: JSON.stringify(iceServers) });
  try {
    await using session = await startSession(server);
    assertEquals(session.welcome.iceServers, iceServers);
    assertEquals(JSON.parse((await openLink(session)).text).iceServers, iceServers);
    const page = await openLink(session, { accept: BROWSER });
    assertEquals(JSON.parse(readFields(page.text).iceServers), iceServers);
  } finally {
    await server.stop();
  }
});

Deno.test("TURN_URLS with TURN_SECRET give everyone credentials that a TURN server can check", async () => {
  const urls = ["turn:turn.example:3478", "turns:turn.example:5349?transport=tcp"];
  const secret = "a secret that nobody is told";
  const server = await startServer({ TURN_URLS: urls.join(), TURN_SECRET: secret });
  try {
    await using session = await startSession(server);
    const reply = await openLink(session);
    assertEquals(reply.text.includes(secret), false);
    const told: IceServer[][] = [session.welcome.iceServers, JSON.parse(reply.text).iceServers];
    for (const iceServers of told) {
      assertEquals(iceServers.flatMap((server) => server.urls), urls);
      for (const { username, credential } of iceServers) {
        // The expiry in seconds, as coturn's --use-auth-secret reads it.
        const expiry = Number(username!.match(/^(\d+):.+$/)![1]);
        assert(expiry > Date.now() / 1_000 + 60, "it expires within a minute");
        assertEquals(credential, await sign(secret, username!));
      }
    }
  } finally {
    await server.stop();
  }
});

Deno.test("A stop ends the process, with a socket open, and says so by its exit code", async () => {
  const server = await startServer();
  const session = await startSession(server);
  assertEquals(await server.stop(), 0);
  await session.primary.closed();
});

Deno.test("The server listens where its first line says", async () => {
  const server = await startServer();
  try {
    const home = await ask(`${server.origin}/`, { headers: { accept: BROWSER } });
    assertEquals(home.status, 200);
    assertMatch(home.headers.get("content-type")!, /^text\/html\b/);
  } finally {
    await server.stop();
  }
});

/** base64 of the HMAC-SHA1 of `text`. */
async function sign(secret: string, text: string): Promise<string> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", encode(secret), algorithm, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(text)));
  return btoa(String.fromCharCode(...bytes));
}
