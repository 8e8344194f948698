import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { startSession as startByHand } from "../contract/primary.ts";
import { startSession, untilComplete } from "./room.ts";
import { testInChromium, until } from "./stage.ts";

/** One round trip of a fresh connection carries this much (RFC 6928). */
const ONE_ROUND_TRIP = 14 * 1024;
const CLIENT = 7 * 1024;

testInChromium(
  "a loading page that is closed early gives its offer back at once",
  async (stage) => {
    const server = await stage.serve({ LEASE_SECONDS: "600" });
    await using session = await startByHand(server, { offers: ["the only offer"] });
    const joiner = await stage.open();
    // It never gets as far as an answer.
    await joiner.evaluateOnNewDocument(() => {
      RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {});
    });
    await joiner.goto(session.welcome.link);
    await session.primary.status(1, 1);

    await joiner.close({ runBeforeUnload: true });
    await session.primary.status(1, 0);
  },
);

testInChromium("who finds no free offer comes in when there is one", async (stage) => {
  const server = await stage.serve({ LEASE_SECONDS: "600" });
  stage.allowFault(/status of 503/);
  const host = await stage.open();
  const link = await startSession(host, server);
  // A host's browser that has too many connections makes no offers for a while.
  await host.evaluate(() => {
    const { RTCPeerConnection } = globalThis;
    globalThis.RTCPeerConnection = class {
      constructor() {
        throw new DOMException("Cannot create so many PeerConnections", "UnknownError");
      }
    } as unknown as typeof RTCPeerConnection;
    globalThis.collectGarbage = () => globalThis.RTCPeerConnection = RTCPeerConnection;
  });
  await leaseAll(link);

  const joiner = await stage.open();
  await joiner.goto(link);
  await until(
    joiner,
    "the word that everybody is joining",
    () =>
      document.querySelector("#foyer[data-state=waiting] h1")?.textContent ===
        "Everybody is joining right now",
  );
  await host.evaluate(() => collectGarbage());
  await untilComplete([host, joiner]);
});

declare global {
  var collectGarbage: () => void;
}

async function leaseAll(link: string): Promise<void> {
  const headers = { Accept: "application/json" };
  let status;
  do {
    const response = await fetch(link, { headers });
    status = response.status;
    await response.body?.cancel();
  } while (status === 200);
  assertEquals(status, 503);
}

testInChromium("a link to nowhere says so, and what to do", async (stage) => {
  const server = await stage.serve();
  stage.allowFault(/status of 404/);
  const page = await stage.open();
  await page.goto(`${server.origin}/${makeId()}`);
  const text = await page.$eval("#foyer[data-state=failed]", (main) => main.textContent);
  assert(text?.includes("There is no session at this link"), text ?? "");
  assert(text?.includes("Start a session"), text ?? "");
});

testInChromium("a browser without WebRTC is told so", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const page = await stage.open();
  await page.evaluateOnNewDocument("delete globalThis.RTCPeerConnection");
  await page.goto(link);
  await until(
    page,
    "the word that this browser cannot connect",
    () =>
      document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
        "This browser cannot connect",
  );
});

testInChromium("a page whose server is gone says so with what came with it", async (stage) => {
  const server = await stage.serve();
  stage.allowFault(/net::ERR_/);
  const host = await stage.open();
  const link = await startSession(host, server);
  const page = await stage.open();
  await page.evaluateOnNewDocument(() => {
    globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  });
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    if (request.url().includes("/assets/")) request.abort();
    else request.continue();
  });
  await page.goto(link);
  await until(
    page,
    "the word that Foyer cannot be reached",
    () =>
      document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
        "Foyer cannot be reached",
  );
});

testInChromium("all that a joiner needs to connect comes in one round trip", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const page = await stage.open();
  const devtools = await page.createCDPSession();
  await devtools.send("Network.enable");
  const sizes = new Map<string, number>();
  // The room comes when the handshake is done, or takes its time.
  const rooms = new Set<string>();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (request.url.includes("/assets/room-")) rooms.add(requestId);
  });
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (!rooms.has(requestId)) sizes.set(requestId, encodedDataLength);
  });
  // What comes before the answer leaves.
  await page.evaluateOnNewDocument(() => {
    RTCPeerConnection.prototype.setRemoteDescription = () => {
      document.title = "ready to answer";
      return new Promise(() => {});
    };
  });
  await page.goto(link, { waitUntil: "networkidle0" });
  await until(page, "its answer", () => document.title === "ready to answer");
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  assertLessOrEqual(total, ONE_ROUND_TRIP, `${sizes.size} files with their heads`);
});

Deno.test("the client alone is at most 7 kB", async () => {
  const { assets } = await import("../../dist/assets.ts");
  for (const name of ["client.js", "client.global.js"]) {
    assertLessOrEqual(atob(assets[name].gzip).length, CLIENT, name);
  }
});
