import { assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { cutPaths, explainNoCuts, listPorts } from "../mesh/cuts.ts";
import { idOf, listHappenings, untilHappened } from "../mesh/happenings.ts";
import { prepare } from "../mesh/meet.ts";
import { inChromium, type Stage, testInChromium, testTogetherInChromium, until } from "./stage.ts";

declare global {
  /** Set by watchReturn(). */
  var wasHeard: boolean | undefined;
}

testInChromium("a closed page is gone for everybody, and was never away", async (stage) => {
  const [leaver, ...others] = (await meet(stage, 4)).toReversed();
  const id = await idOf(leaver);
  await leaver.close();
  await Promise.all(others.map((page) => untilHappened(page, `leave ${id}`)));
  for (const page of others) assertEquals(await listHappenings(page, id), ["leave"]);
  await untilLinked(others);
});

testInChromium("a change is negotiated through the link itself, and nobody else", async (stage) => {
  const [host, early, late] = await meet(stage, 3);
  await early.evaluate((id) => {
    session!.peers.get(id)!.connection.addTransceiver("audio");
  }, await idOf(late));
  await until(late, "the media of the other end", (id) => {
    const { connection } = session!.peers.get(id)!;
    return connection.getTransceivers().length === 1 && connection.signalingState === "stable";
  }, await idOf(early));
  await untilStable([host, early, late]);
  assertEquals(await host.evaluate(countTransceivers), 0);
});

testInChromium(
  "both ends of a link change something at once, and both changes are made",
  async (stage) => {
    const [host, guest] = await meet(stage, 2);
    await Promise.all([host, guest].map((page) =>
      page.evaluate(() => {
        const [{ connection }] = session!.peers.values();
        connection.addTransceiver("audio");
        connection.addTransceiver("video");
      })
    ));
    for (const page of [host, guest]) {
      await until(page, "four directions", () => {
        const [{ connection }] = session!.peers.values();
        const mids = connection.getTransceivers().filter(({ mid }) => mid !== null);
        return mids.length >= 2 && connection.signalingState === "stable";
      });
    }
    await untilStable([host, guest]);
  },
);

const noCuts = await explainNoCuts();

testTogetherInChromium("Paths are cut", {
  "a cut path between two peers is repaired through the primary": inChromium(async (stage) => {
    const pages = await meet(stage, 3);
    await repairOne(stage, pages, pages[1], pages[2]);
  }, noCuts),

  "a cut path to the primary is repaired through another peer": inChromium(async (stage) => {
    const pages = await meet(stage, 3);
    await repairOne(stage, pages, pages[1], pages[0]);
  }, noCuts),

  "who lost all links comes back by the session's link, under the same id": inChromium(
    async (stage) => {
      const [host, ...guests] = await meet(stage, 3);
      const [lost, other] = await sortByRestart(guests);
      const id = await idOf(lost);
      await cutPaths(stage, await listPorts(lost));
      await Promise.all([host, other].map((page) => untilHappened(page, `back ${id}`)));
      await untilLinked([host, lost, other]);
      await untilOpen([host, lost, other]);
      assertEquals(await idOf(lost), id);
      for (const page of [host, other]) {
        const happenings = await listHappenings(page, id);
        assertEquals(happenings.filter((type) => type === "leave" || type === "peer"), []);
      }
      await assertTalk(lost, host);
      await assertTalk(other, lost);
    },
    noCuts,
  ),

  "two alone come together again by the session's link": inChromium(async (stage) => {
    const [host, guest] = await meet(stage, 2);
    const id = await idOf(guest);
    await cutPaths(stage, await listPorts(guest));
    await untilHappened(host, `back ${id}`);
    await untilOpen([host, guest]);
    assertEquals(await idOf(guest), id);
    await assertTalk(guest, host);
  }, noCuts),
});

/** A session of `count` pages with all links, the primary first; its events are kept from here on. */
async function meet(stage: Stage, count: number): Promise<Page[]> {
  const pages = await openClients(stage, await stage.serve(), count);
  const link = await hostSession(pages[0]);
  for (const page of pages.slice(1)) await enterSession(page, link);
  await prepare(pages);
  return pages;
}

async function repairOne(stage: Stage, pages: Page[], ...ends: [Page, Page]): Promise<void> {
  const [one, other] = await sortByRestart(ends);
  const [id, otherId] = [await idOf(one), await idOf(other)];
  const before = await readPath(one, otherId);
  const place = await one.evaluate(
    (id) => connections.indexOf(session!.peers.get(id)!.connection),
    otherId,
  );
  await one.evaluate(watchReturn, place);
  await cutPaths(stage, await listPorts(one, [place]));
  // Who notices first repairs it, perhaps before the other end shows anything.
  await Promise.race([
    untilHappened(one, `away ${otherId}`),
    untilHappened(other, `away ${id}`),
  ]);
  await untilOpen([one, other]);
  assertNotEquals(
    await one.evaluate(() => globalThis.wasHeard),
    false,
    "it is not back before the other end has answered",
  );
  const after = await readPath(one, otherId);
  assertNotEquals(after.fragment, before.fragment, "an ICE restart has a new fragment");
  assertEquals(after.connection, before.connection, "it is the same connection");
  for (const page of pages) {
    assertEquals(
      (await page.evaluate(() => happenings)).filter((text) => /leave|peer/.test(text)),
      [],
    );
  }
  await assertTalk(one, other);
}

/** Runs in a page: whether anything has come from the other end of the connection once that is back. */
function watchReturn(place: number): void {
  const [connection, channel] = [connections[place], channels[place]];
  const before = connection.currentRemoteDescription!.sdp;
  let hasWord = false;
  session!.addEventListener("away", () => {
    channel.addEventListener("message", () => hasWord = true);
  });
  session!.addEventListener("back", () => {
    globalThis.wasHeard ??= hasWord || connection.currentRemoteDescription!.sdp !== before;
  });
}

/**
 * The end that offers the restart of their link comes first. Where its own ports are cut, the new ones
 * give it a path that it alone can send on, until its offer has come to the other end by others.
 */
async function sortByRestart(ends: Page[]): Promise<Page[]> {
  const ids = await Promise.all(ends.map(idOf));
  return ends.toSorted((a, b) => ids[ends.indexOf(a)] < ids[ends.indexOf(b)] ? 1 : -1);
}

/** What the stats of the link to `peer` say about its ICE. */
async function readPath(page: Page, peer: string) {
  return await page.evaluate(async (peer) => {
    const { connection } = session!.peers.get(peer)!;
    const reports = [...(await connection.getStats()).values()];
    const { iceLocalUsernameFragment } = reports.find(({ type }) => type === "transport");
    return { fragment: iceLocalUsernameFragment, connection: connections.indexOf(connection) };
  }, peer);
}

async function untilOpen(pages: Page[]): Promise<void> {
  await Promise.all(
    pages.map((page) =>
      until(
        page,
        "open links",
        () =>
          [...session!.peers.values()].every(({ state, connection }) =>
            state === "open" && connection.connectionState === "connected"
          ),
      )
    ),
  );
}

async function untilStable(pages: Page[]): Promise<void> {
  await Promise.all(
    pages.map((page) =>
      until(
        page,
        "an end of negotiating",
        () =>
          [...session!.peers.values()].every(({ connection: { signalingState } }) =>
            signalingState === "stable"
          ),
      )
    ),
  );
}

function countTransceivers(): number {
  return [...session!.peers.values()]
    .reduce((sum, { connection }) => sum + connection.getTransceivers().length, 0);
}

async function assertTalk(from: Page, to: Page): Promise<void> {
  await to.evaluate(() => {
    session!.addEventListener("message", ({ detail }) => document.title = String(detail.data));
  });
  const text = crypto.randomUUID();
  await from.evaluate((peer, text) => session!.send(peer, text), await idOf(to), text);
  await until(to, "the message", (text) => document.title === text, text);
}
