import { assertEquals, assertGreater } from "@std/assert";
import { enterSession, hostSession, openClients } from "../mesh/clients.ts";
import { joinSession, say, startSession, untilComplete, untilHeard } from "./room.ts";
import { testInFirefox, until } from "./stage.ts";

const PAIRS = [["chromium", "firefox"], ["firefox", "chromium"]] as const;

for (const [hosting, joining] of PAIRS) {
  testInFirefox(`somebody in ${joining} joins a host in ${hosting}`, async (stage) => {
    const server = await stage.serve();
    const host = await stage.open(hosting);
    const link = await startSession(host, server);
    const joiner = await stage.open(joining);
    await joinSession(joiner, link);
    await untilComplete([host, joiner]);

    await say(host, "hello from the host");
    await untilHeard(joiner, "hello from the host");
    await say(joiner, "hello from the guest");
    await untilHeard(host, "hello from the guest");
  });
}

testInFirefox("three of each browser make one mesh", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open("chromium");
  const link = await startSession(host, server);
  const pages = [host];
  for (const browser of ["firefox", "chromium", "firefox", "chromium", "firefox"] as const) {
    const page = await stage.open(browser);
    await joinSession(page, link);
    pages.push(page);
  }
  await untilComplete(pages);
});

testInFirefox("both browsers tell how a link goes", async (stage) => {
  const server = await stage.serve();
  const [chromium] = await openClients(stage, server, 1);
  const [firefox] = await openClients(stage, server, 1, "firefox");
  await enterSession(firefox, await hostSession(chromium));
  for (const page of [chromium, firefox]) {
    const [path, sent, received] = await page.evaluate(async () => {
      await session!.broadcast("x".repeat(10_000));
      let stats;
      // The other end sends as much, and the browsers count a little later.
      do [stats] = (await session!.stats()).values(); while (!stats || stats.sent < 10_000);
      return [stats.path, stats.sent, stats.received] as const;
    });
    assertEquals(path, "direct");
    assertGreater(sent, 10_000);
    assertGreater(received, 0);
  }
});

testInFirefox("Firefox takes over from a Chromium that leaves", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const [heir, guest, late] = [
    await stage.open("firefox"),
    await stage.open(),
    await stage.open("firefox"),
  ];
  await joinSession(heir, link);
  await joinSession(guest, link);
  await untilComplete([host, heir, guest]);
  // What the others need when it is gone is in the second file.
  await until(
    host,
    "the second file",
    () => performance.getEntriesByType("resource").some(({ name }) => name.includes("later")),
  );
  await host.close();
  await until(heir, "what only a host has", () => document.querySelector(".ways-out dialog"));
  await joinSession(late, link);
  await untilComplete([heir, guest, late]);
});
