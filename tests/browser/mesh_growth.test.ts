import { assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { freeze } from "../mesh/freeze.ts";
import { startSession, untilComplete, untilPeers } from "./room.ts";
import { testInChromium, until } from "./stage.ts";

testInChromium(
  "eight people open a link at once, and all nine are connected",
  async (stage) => {
    const server = await stage.serve();
    stage.allowFault(/status of 503/);
    const host = await stage.open();
    const link = await startSession(host, server);
    const joiners: Page[] = [];
    while (joiners.length < 8) joiners.push(await stage.open());
    await Promise.all(joiners.map((page) => page.goto(link)));
    await untilComplete([host, ...joiners]);
  },
);

testInChromium("who leaves half-way through its introduction holds nobody up", async (stage) => {
  const server = await stage.serve();
  const [host, early, quitter, late] = await openClients(stage, server, 4);
  const link = await hostSession(host);
  await enterSession(early, link);
  // Leaves when the answer of the earlier peer comes: that peer waits for the connection to open.
  await quitter.evaluate(() => {
    const { setRemoteDescription } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      if (description.type === "answer") session!.close();
      return Reflect.apply(setRemoteDescription, this, [description]);
    };
  });
  await enterSession(quitter, link);
  await until(quitter, "its leave", () => session!.state === "closed");
  await enterSession(late, link);
  await untilLinked([host, early, late]);
});

testInChromium(
  "a peer that is frozen holds nobody up, and answers when it wakes",
  async (stage) => {
    const server = await stage.serve();
    const [host, sleeper, ...late] = await openClients(stage, server, 5);
    const link = await hostSession(host);
    await enterSession(sleeper, link);
    await untilLinked([host, sleeper]);
    const wake = await freeze(sleeper);

    await Promise.all(late.map((page) => enterSession(page, link)));
    for (const page of late) await untilLinksTo(page, [host, ...late]);

    await wake();
    await untilLinked([host, sleeper, ...late]);
  },
);

testInChromium("a peer whose page was killed holds nobody up", async (stage) => {
  const server = await stage.serve();
  const [host, victim, ...late] = await openClients(stage, server, 5);
  const link = await hostSession(host);
  await enterSession(victim, link);
  await untilLinked([host, victim]);
  const crashed = new Promise((resolve) => victim.once("error", resolve));
  const devtools = await victim.createCDPSession();
  devtools.send("Page.crash").catch(() => {});
  await crashed;

  await Promise.all(late.map((page) => enterSession(page, link)));
  for (const page of late) await untilLinksTo(page, [host, ...late]);
});

testInChromium(
  "a full session says so to who comes, and lets them in when somebody left",
  async (stage) => {
    const server = await stage.serve();
    const [host, guest, late] = await openClients(stage, server, 3);
    const link = await hostSession(host, { maxPeers: 2 });
    assertEquals(await enterSession(guest, link), null);
    await untilLinked([host, guest]);

    assertEquals(await enterSession(late, link), "full");
    const page = await stage.open();
    await page.goto(link);
    await until(
      page,
      "the word that it is full",
      () =>
        document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
          "This session is full",
    );
    await untilLinked([host, guest]);

    await guest.evaluate(() => session!.close());
    await until(host, "a free place", () => session!.peers.size === 0);
    await page.locator("a.button").click();
    await untilPeers(page, 1);
  },
);

/** Waits until the page has a link to all of the `others`, whoever else may be there. */
async function untilLinksTo(page: Page, others: Page[]): Promise<void> {
  const ids = await Promise.all(others.map((other) => other.evaluate(() => session!.self)));
  await until(page, `links to ${ids.length} others`, (ids) => {
    return ids.split(",").every((id) => id === session!.self || session!.peers.has(id));
  }, ids.join());
}
