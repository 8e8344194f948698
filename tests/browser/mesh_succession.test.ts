import { assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { layCable } from "../contract/cable.ts";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { meet } from "../mesh/meet.ts";
import { idOf, untilPrimary } from "../mesh/happenings.ts";
import { joinSession, startSession, untilComplete, untilSessionState } from "./room.ts";
import { testInChromium, until } from "./stage.ts";

testInChromium(
  "the primary leaves, the earliest takes over, and who opens the link meets everybody",
  async (stage) => {
    const { pages: [host, earliest, ...others], link, late } = await meet(stage, 4, 1);
    await host.evaluate(() => session!.close());
    await untilPrimary([earliest, ...others], await idOf(earliest));
    assertEquals(await enterSession(late[0], link), null);
    await untilLinked([earliest, ...others, late[0]]);
    await untilPrimary([late[0]], await idOf(earliest));

    // And it may leave as well.
    await earliest.close();
    await untilPrimary([...others, late[0]], await idOf(others[0]));
    await untilLinked([...others, late[0]]);
  },
);

testInChromium(
  "a primary that loads its page again is the primary, and all keep their ids",
  async (stage) => {
    const { pages: [host, ...others] } = await meet(stage, 3);
    const ids = await Promise.all(others.map(idOf));
    const { key, id, secret } = await host.evaluate(() => {
      const { key, id, secret } = session!;
      return { key: key!, id, secret };
    });
    await host.reload();
    await hostSession(host, { sessionId: id, key, secret });
    await untilPrimary(others, await idOf(host));
    await untilLinked([host, ...others]);
    assertEquals(await Promise.all(others.map(idOf)), ids);
    assertEquals(await host.evaluate(() => session!.key), key);
  },
);

testInChromium(
  "of two that want to take over at once one does, and the other follows it",
  async (stage) => {
    const { pages: [host, one, other], link, late } = await meet(stage, 3, 1, loseOffers);
    // Their introduction was lost: neither knows of an earlier one that is here.
    assertEquals(await one.evaluate(() => session!.peers.size), 1);
    await host.evaluate(() => session!.close());
    await until(
      one,
      "a link to the other",
      () => session!.peers.size === 1 && session!.state === "connected",
    );
    await untilLinked([one, other]);
    const [key, otherKey] = await Promise.all(
      [one, other].map((page) => page.evaluate(() => session!.key)),
    );
    assertNotEquals(key === null, otherKey === null, "exactly one is the primary");
    assertEquals(await enterSession(late[0], link), null);
    await untilLinked([one, other, late[0]]);
  },
);

testInChromium(
  "a pair whose introduction broke off is introduced by the new primary",
  async (stage) => {
    const { pages: [host, ...others] } = await meet(stage, 4, 0, loseLastOffer);
    await until(others[2], "one link too few", () => session!.peers.size === 2);
    await host.evaluate(() => session!.close());
    await untilLinked(others);
  },
);

testInChromium(
  "the primary ends the session for everyone, and nobody takes over",
  async (stage) => {
    const { pages: [host, ...others], link, late } = await meet(stage, 3, 1);
    const id = await idOf(host);
    stage.allowFault(/status of 410/);
    await host.evaluate(() => session!.end());
    for (const page of others) {
      await until(page, "the end", () => session!.state === "ended" && session!.peers.size === 0);
      assertEquals(await page.evaluate(() => session!.primary), id);
    }
    assertEquals(await enterSession(late[0], link), "ended");
  },
);

testInChromium(
  "a session that is ended while the socket is lost is over when the server is there",
  async (stage) => {
    const server = await stage.serve();
    const cable = layCable(server);
    stage.defer(() => cable[Symbol.asyncDispose]());
    stage.allowFault(/WebSocket connection to .* failed|status of 410/);
    const [host, late] = await openClients(stage, server, 2);
    const { pathname, hash } = new URL(await hostSession(host, { server: cable.server.origin }));
    const link = server.origin + pathname + hash;
    cable.unplug();
    await until(host, "a lost socket", () => session!.state === "reconnecting");
    await host.evaluate(() => session!.end());
    // It tries, and is not let through.
    await cable.refused();
    cable.plugIn();
    await untilEnded(late, link);
    assertEquals(await host.evaluate(() => session!.state), "ended");
  },
);

testInChromium(
  "the room of a host who is gone goes on, and the host comes back into it",
  async (stage) => {
    const server = await stage.serve();
    const host = await stage.open();
    const link = await startSession(host, server);
    const guests = [await stage.open(), await stage.open()];
    for (const page of guests) await joinSession(page, link);
    await untilComplete([host, ...guests]);
    await host.goto("about:blank");
    await until(
      guests[0],
      "the end button of a host",
      () => document.querySelector(".ways-out dialog"),
    );
    await untilSessionState(guests[1], "connected");
    // Its tab still has the key, which is of no use any more.
    stage.allowFault(/WebSocket connection/);
    await host.goto(server.origin);
    await untilComplete([host, ...guests]);
    assertEquals(await host.$(".ways-out dialog"), null);
  },
);

testInChromium("the copy of a host's tab comes in as a guest", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  await startSession(host, server);
  const kept = await host.evaluate(() => ({ ...sessionStorage }));
  const copy = await host.browserContext().newPage();
  await copy.evaluateOnNewDocument((kept) => Object.assign(sessionStorage, kept), kept);
  await copy.goto(server.origin);
  await untilComplete([host, copy]);
  assertEquals(await copy.$(".ways-out dialog"), null);
});

/** Runs in a page: its offers to earlier peers reach nobody; what it passes on later is not lost. */
function loseOffers(): void {
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (data: unknown) {
    if (typeof data === "string" && JSON.parse(data).type === "offers") {
      RTCDataChannel.prototype.send = send;
      return;
    }
    Reflect.apply(send, this, [data]);
  };
}

/** Runs in a page: its offer to the last of the earlier peers is lost. */
function loseLastOffer(): void {
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (data: unknown) {
    const frame = typeof data === "string" ? JSON.parse(data) : {};
    if (frame.type === "offers") frame.connections.pop();
    Reflect.apply(send, this, [frame.type === "offers" ? JSON.stringify(frame) : data]);
  };
}

async function untilEnded(page: Page, link: string): Promise<void> {
  await page.evaluate(async (link) => {
    const { pathname, origin } = new URL(link);
    const end = Date.now() + 60_000;
    while ((await fetch(origin + pathname, { method: "HEAD" })).status !== 410) {
      if (Date.now() > end) throw new Error("the session did not end");
    }
  }, link);
}
