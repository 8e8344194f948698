/** The connection test says what works, what does not, and what helps: real servers, real faults. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Page } from "puppeteer-core";
import type { Check } from "../../lib/mesh/check_connection.ts";
import { freePort } from "../cluster/ports.ts";
import { startServer } from "../contract/harness.ts";
import { startSession } from "../contract/primary.ts";
import { type Certificate, SECRET, startCoturn, testWithCoturn } from "./coturn.ts";
import { servePages } from "./pages.ts";
import { type Stage, testInChromium, until } from "./stage.ts";

type Results = Record<string, Check["result"]>;

/** Opens `/check`, and waits for the end. */
async function runPage(page: Page, origin: string): Promise<Results> {
  await page.goto(`${origin}/check`);
  await untilDone(page);
  return await page.$$eval("[data-check]", (rows) =>
    Object.fromEntries(
      rows.map((row) => [
        (row as HTMLElement).dataset.check!,
        (row as HTMLElement).dataset.result as Check["result"],
      ]),
    ));
}

function untilDone(page: Page): Promise<void> {
  return until(page, "the end of the test", () => document.querySelector("[data-state=done]"));
}

function readMessage(page: Page, name: string): Promise<string> {
  return page.$eval(`[data-check="${name}"] p`, (text) => text.textContent!);
}

/** The call, on a page of another origin, with the script that `from` serves. */
async function call(page: Page, from: string, options: { server?: string } = {}): Promise<Check[]> {
  return await page.evaluate(async ({ from, options }) => {
    const { checkConnection } = await import(`${from}/client.check.js`);
    return await checkConnection(options);
  }, { from, options });
}

const find = (checks: Check[], name: string) => checks.find((check) => check.name === name)!;

/** A certificate for 127.0.0.1 that nobody vouches for; null where openssl is not here. */
async function makeCertificate(stage: Stage): Promise<Certificate | null> {
  const folder = await Deno.makeTempDir();
  stage.defer(() => Deno.remove(folder, { recursive: true }));
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const made = await new Deno.Command("openssl", {
    args:
      `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -out ${cert} -keyout ${key}`
        .split(" "),
    stdout: "null",
    stderr: "null",
  }).output().then(({ success }) => success, () => false);
  return made ? { cert, key } : null;
}

const ALL_OK: Results = {
  browser: "ok",
  encryption: "ok",
  server: "ok",
  socket: "ok",
  signalling: "ok",
  loopback: "ok",
  stun: "ok",
  "turn-udp": "ok",
  "turn-tcp": "ok",
  "turn-tls": "ok",
};

testWithCoturn(
  "everything is well where STUN and TURN answer over UDP, TCP and TLS",
  async (stage) => {
    const certificate = await makeCertificate(stage);
    if (!certificate) console.log("no openssl here: TURN over TLS is left out");
    const turn = await startCoturn(stage, certificate ?? undefined);
    const server = await stage.serve({
      ICE_SERVERS: JSON.stringify([{ urls: turn.stun }]),
      TURN_URLS: [turn.udp, turn.tcp, ...certificate ? [turn.tls] : []].join(),
      TURN_SECRET: SECRET,
    });
    const page = await stage.open("trusting");
    const results = await runPage(page, server.origin);
    assertEquals(results, { ...ALL_OK, ...certificate ? {} : { "turn-tls": "skipped" } });
    assertEquals(await page.$eval(".verdict h1", (title) => title.textContent), "All is well");

    if (!certificate) return;
    const stranger = await stage.open();
    assertEquals((await runPage(stranger, server.origin))["turn-tls"], "failed");
    assertMatch(await readMessage(stranger, "turn-tls"), /certificate is not valid/);
  },
);

testWithCoturn("a wrong TURN secret is named as such", async (stage) => {
  const turn = await startCoturn(stage);
  const server = await stage.serve({
    TURN_URLS: [turn.udp, turn.tcp].join(),
    TURN_SECRET: "another secret",
  });
  const page = await stage.open();
  const results = await runPage(page, server.origin);
  assertEquals([results["turn-udp"], results["turn-tcp"]], ["failed", "failed"]);
  assertEquals(results.loopback, "ok");
  for (const name of ["turn-udp", "turn-tcp"]) {
    assertMatch(await readMessage(page, name), /refuses the credentials.*TURN_SECRET/);
  }
});

testInChromium(
  "a dead STUN server fails alone, and a TURN server that is not there is named",
  async (stage) => {
    const dead = `stun:127.0.0.1:${freePort()}`;
    const server = await stage.serve({ ICE_SERVERS: JSON.stringify([{ urls: dead }]) });
    const page = await stage.open();
    const results = await runPage(page, server.origin);
    assertEquals(results, {
      ...ALL_OK,
      stun: "failed",
      "turn-udp": "skipped",
      "turn-tcp": "skipped",
      "turn-tls": "skipped",
    });
    assertMatch(await readMessage(page, "stun"), new RegExp(`${dead} does not answer`));
    assertMatch(await readMessage(page, "turn-udp"), /TURN_URLS and TURN_SECRET/);
  },
);

testInChromium(
  "a server that is not there is one failed check, and what needs no server goes on",
  async (stage) => {
    const server = await stage.serve();
    const pages = servePages({ "/": "<p>Somebody else's page</p>" });
    stage.defer(pages.stop);
    stage.allowFault(/ERR_CONNECTION_REFUSED/);
    const page = await stage.open();
    await page.goto(pages.origin);
    const checks = await call(page, server.origin, { server: `http://127.0.0.1:${freePort()}` });
    assertEquals(checks.map(({ name, result }) => [name, result]), [
      ["browser", "ok"],
      ["encryption", "ok"],
      ["server", "failed"],
      ["socket", "skipped"],
      ["signalling", "skipped"],
      ["loopback", "ok"],
      ["stun", "skipped"],
      ["turn-udp", "skipped"],
      ["turn-tcp", "skipped"],
      ["turn-tls", "skipped"],
    ]);
    assertMatch(find(checks, "server").message, /Nothing answers/);
  },
);

testInChromium("something else at the server's address is told from Foyer", async (stage) => {
  const server = await stage.serve();
  const other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("hello", { headers: { "Access-Control-Allow-Origin": "*" } }),
  );
  stage.defer(() => other.shutdown());
  const pages = servePages({ "/": "<p>Somebody else's page</p>" });
  stage.defer(pages.stop);
  const page = await stage.open();
  await page.goto(pages.origin);
  const checks = await call(page, server.origin, { server: `http://127.0.0.1:${other.addr.port}` });
  assertMatch(find(checks, "server").message, /not Foyer/);
});

testInChromium(
  "a browser without WebRTC is told so, and the server is checked all the same",
  async (stage) => {
    const server = await stage.serve();
    const page = await stage.open();
    await page.evaluateOnNewDocument(() => {
      delete (globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection;
    });
    const results = await runPage(page, server.origin);
    assertEquals(
      [results.browser, results.signalling, results.loopback, results.stun],
      ["failed", "ok", "skipped", "skipped"],
    );
    assertMatch(await page.$eval(".verdict", (it) => it.textContent!), /no WebRTC/);
  },
);

testInChromium(
  "a policy in the way is named with the line that lets Foyer through",
  async (stage) => {
    const server = await stage.serve();
    const pages = servePages({
      "/": `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`,
    });
    stage.defer(pages.stop);
    stage.allowFault(/connect-src|Content Security Policy/);
    const page = await stage.open();
    await page.goto(pages.origin);
    const { result, message } = find(await call(page, server.origin), "server");
    assertEquals(result, "failed");
    const socket = server.origin.replace("http", "ws");
    assertEquals(message.endsWith(`connect-src: ${server.origin} ${socket}`), true, message);
  },
);

testInChromium(
  "an origin that the server does not allow is named with the setting",
  async (stage) => {
    const server = await stage.serve({ ALLOWED_ORIGINS: "https://elsewhere.example" });
    const pages = servePages({ "/": "<p>Somebody else's page</p>" });
    stage.defer(pages.stop);
    stage.allowFault(/403|CORS|ERR_FAILED/);
    const page = await stage.open();
    await page.goto(pages.origin);
    const checks = await call(page, server.origin);
    assertEquals(find(checks, "server").result, "ok");
    assertEquals(find(checks, "socket").result, "failed");
    assertMatch(find(checks, "socket").message, new RegExp(`${pages.origin}.*ALLOWED_ORIGINS`));
  },
);

testInChromium("the session of a test is over with it", async (stage) => {
  const server = await stage.serve();
  const page = await stage.open();
  const posted: string[] = [];
  page.on("request", (request) => request.method() === "POST" && posted.push(request.url()));
  await runPage(page, server.origin);
  assertEquals(posted.length, 1);
  const response = await fetch(posted[0], { headers: { accept: "application/json" } });
  await response.body?.cancel();
  assertEquals(response.status, 410);
});

testInChromium(
  "a test that is stopped ends with the reason, and says nothing more",
  async (stage) => {
    const server = await stage.serve({
      ICE_SERVERS: JSON.stringify([{ urls: `stun:127.0.0.1:${freePort()}` }]),
    });
    const pages = servePages({ "/": "<p>Somebody else's page</p>" });
    stage.defer(pages.stop);
    const page = await stage.open();
    await page.goto(pages.origin);
    const told = await page.evaluate(async (origin) => {
      const { checkConnection } = await import(`${origin}/client.check.js`);
      const stop = new AbortController();
      const names: string[] = [];
      const onprogress = ({ name }: { name: string }) => {
        names.push(name);
        if (name === "socket") stop.abort("enough");
      };
      const reason = await checkConnection({ signal: stop.signal, onprogress })
        .catch((error: unknown) => error);
      return { reason, last: names.at(-1) };
    }, server.origin);
    assertEquals(told, { reason: "enough", last: "socket" });
  },
);

testWithCoturn("the report says where the person is only when asked to", async (stage) => {
  const turn = await startCoturn(stage);
  const server = await stage.serve({ ICE_SERVERS: JSON.stringify([{ urls: turn.stun }]) });
  const page = await stage.open();
  await runPage(page, server.origin);
  const readReport = () => page.$eval(".report textarea", (field) => field.value);
  assertMatch(await readReport(), /^stun: ok/m);
  assertEquals(/Seen from outside as/.test(await readReport()), false);
  // Where the browser shows its own address to the page, STUN has nothing to add.
  const asking = await page.$(".report input");
  if (!asking) return;
  await asking.click();
  assertMatch(await readReport(), /Seen from outside as: \d+\.\d+\.\d+\.\d+/);
});

testInChromium("who finds no way to the host is led to the test", async (stage) => {
  const server = await stage.serve();
  await using session = await startSession(server);
  const page = await stage.open();
  await page.goto(`${server.origin}/${session.id}`);
  await until(page, "the link to the test", () => document.querySelector('a[href="/check"]'));
  await page.locator('a[href="/check"]').click();
  await untilDone(page);
  assertEquals(new URL(page.url()).pathname, "/check");
});

Deno.test("the test's page says before any script what it looks at", async () => {
  const server = await startServer();
  try {
    const response = await fetch(`${server.origin}/check`, { headers: { accept: "text/html" } });
    const text = await response.text();
    assertEquals(response.status, 200);
    assertMatch(text, /<h1>Test your connection<\/h1>/);
    assertMatch(text, /<noscript>/);
    assertEquals(text.match(/data-check="/g)?.length, 10);
  } finally {
    await server.stop();
  }
});
