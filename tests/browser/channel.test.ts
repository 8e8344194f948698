import { assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import type { Channel, ChannelOptions } from "../../lib/mesh/client.ts";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { testInChromium, testInFirefox, until } from "./stage.ts";

declare global {
  var channel: Channel;
  /** Who said what on it, in the order it came. */
  var said: { peerId: string; data: unknown }[];
}

/** Opens the channel “positions” and keeps what is said on it. */
async function openChannel(page: Page, options: ChannelOptions = {}): Promise<string> {
  return await page.evaluate(async (options) => {
    globalThis.said = [];
    globalThis.channel = await session!.open("positions", options);
    channel.addEventListener("message", ({ detail }) => said.push(detail));
    return session!.self;
  }, options);
}

async function untilOpenTo(page: Page, count: number): Promise<void> {
  await until(
    page,
    `${count} others on the channel`,
    (count) => channel.peers.size === count,
    count,
  );
}

async function untilSaid(page: Page, wanted: unknown[]): Promise<void> {
  await until(page, `${JSON.stringify(wanted)} on the channel`, (wanted) => {
    return JSON.stringify(said.map(({ data }) => data)) === wanted;
  }, JSON.stringify(wanted));
}

testInChromium("a channel reaches those who open it, also who comes later", async (stage) => {
  const server = await stage.serve();
  const [host, guest, stranger, late] = await openClients(stage, server, 4);
  const link = await hostSession(host);
  await enterSession(guest, link);
  await enterSession(stranger, link);
  const lossy = { ordered: false, maxRetransmits: 0 };
  const hostId = await openChannel(host, lossy);
  await openChannel(guest, lossy);
  await enterSession(late, link);
  await untilLinked([host, guest, stranger, late]);
  await openChannel(late, lossy);
  for (const page of [host, guest, late]) await untilOpenTo(page, 2);

  await host.evaluate(() => channel.broadcast({ x: 1 }));
  for (const page of [guest, late]) {
    await untilSaid(page, [{ x: 1 }]);
    assertEquals(await page.evaluate(() => said[0].peerId), hostId);
  }
  const made = await host.evaluate(() =>
    channels.filter(({ label }) => label === "positions")
      .map(({ ordered, maxRetransmits }) => ({ ordered, maxRetransmits }))
  );
  assertEquals(made.filter(({ maxRetransmits }) => maxRetransmits === 0), [lossy, lossy]);
  const strangerId = await stranger.evaluate(() => session!.self);
  const code = await host.evaluate(
    (id) => channel.send(id, "?").catch(({ code }) => code),
    strangerId,
  );
  assertEquals(code, "no-such-peer");
});

testInChromium("a channel keeps its order, and what it does not take it refuses", async (stage) => {
  const server = await stage.serve();
  const [host, guest] = await openClients(stage, server, 2);
  await enterSession(guest, await hostSession(host));
  await openChannel(host);
  await openChannel(guest);
  await untilOpenTo(host, 1);
  const codes = await host.evaluate(async () => {
    const [peerId] = channel.peers;
    const codes: string[] = [];
    // More than the browser takes at once, so that sending has to wait.
    const sends = Array.from({ length: 200 }, (_, i) => [i, "x".repeat(20_000)])
      .map((data) => channel.send(peerId, data));
    await Promise.all(sends);
    await channel.send(peerId, new Uint8Array(65_536)).catch(({ code }) => codes.push(code));
    await session!.open("positions").catch(({ code }) => codes.push(code));
    await session!.open("").catch(({ code }) => codes.push(code));
    return codes;
  });
  assertEquals(codes, ["too-large", "invalid", "invalid"]);
  await until(guest, "200 messages", () => said.length === 200);
  const order = await guest.evaluate(() => said.map(({ data }) => (data as unknown[])[0]));
  assertEquals(order, Array.from({ length: 200 }, (_, i) => i));
});

testInChromium("who closes a channel is not sent to, and may open it again", async (stage) => {
  const server = await stage.serve();
  const [host, guest] = await openClients(stage, server, 2);
  await enterSession(guest, await hostSession(host));
  await openChannel(host);
  await openChannel(guest);
  await untilOpenTo(host, 1);
  await host.evaluate(() => channel.broadcast("first"));
  await untilSaid(guest, ["first"]);
  await guest.evaluate(() => channel.close());
  await untilOpenTo(host, 0);
  assertEquals(
    await guest.evaluate(() => channel.broadcast("?").catch(({ code }) => code)),
    "closed",
  );

  await openChannel(guest);
  await untilOpenTo(host, 1);
  await host.evaluate(() => channel.broadcast("second"));
  await untilSaid(guest, ["second"]);
  await guest.evaluate(() => channel.broadcast("answer"));
  await untilSaid(host, ["answer"]);
});

testInFirefox("a channel connects Chromium and Firefox", async (stage) => {
  const server = await stage.serve();
  const [chromium] = await openClients(stage, server, 1);
  const [firefox] = await openClients(stage, server, 1, "firefox");
  await enterSession(firefox, await hostSession(chromium));
  for (const page of [chromium, firefox]) {
    await openChannel(page, { ordered: false, maxRetransmits: 1 });
  }
  for (const page of [chromium, firefox]) {
    await untilOpenTo(page, 1);
    await page.evaluate(() => channel.broadcast([session!.self]));
  }
  for (const [page, other] of [[chromium, firefox], [firefox, chromium]]) {
    await untilSaid(page, [[await other.evaluate(() => session!.self)]]);
  }
});
