/** A primary that says no goodbye is away, and nobody takes its place before that is certain. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { layCable } from "../contract/cable.ts";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { cutPaths, explainNoCuts, listPorts } from "../mesh/cuts.ts";
import { freeze } from "../mesh/freeze.ts";
import { idOf, listHappenings, untilHappened, untilPrimary } from "../mesh/happenings.ts";
import { meet, prepare } from "../mesh/meet.ts";
import { inChromium, testTogetherInChromium } from "./stage.ts";

const noCuts = await explainNoCuts();

testTogetherInChromium("A primary goes without a word", {
  "a primary whose page was killed is away, its place is taken, and it is gone": inChromium(
    async (stage) => {
      const { pages: [host, ...others], link, late } = await meet(stage, 3, 1);
      const id = await idOf(host);
      const devtools = await host.createCDPSession();
      devtools.send("Page.crash").catch(() => {});
      await Promise.all(others.map((page) => untilHappened(page, `away ${id}`)));
      await untilPrimary(others, await idOf(others[0]));
      assertEquals(await enterSession(late[0], link), null);
      await Promise.all(others.map((page) => untilHappened(page, `leave ${id}`)));
      for (const page of others) assertEquals(await listHappenings(page, id), ["away", "leave"]);
      await untilLinked([...others, late[0]]);
    },
  ),

  "a primary that slept too long comes back as a member": inChromium(async (stage) => {
    const server = await stage.serve();
    const cable = layCable(server);
    stage.defer(() => cable[Symbol.asyncDispose]());
    stage.allowFault(/WebSocket connection to .* failed|net::ERR_/);
    const pages = await openClients(stage, server, 3);
    const [host, ...others] = pages;
    const { pathname, hash } = new URL(await hostSession(host, { server: cable.server.origin }));
    for (const page of others) await enterSession(page, server.origin + pathname + hash);
    await prepare(pages);
    const before = await idOf(host);
    const ports = await listPorts(host);

    const wake = await freeze(host);
    await cutPaths(stage, ports);
    cable.unplug();
    await untilPrimary(others, await idOf(others[0]));
    cable.plugIn();
    await wake();
    await untilPrimary([host], await idOf(others[0]));
    await untilLinked(pages);
    assertEquals(await host.evaluate(() => session!.key), null);
    assertEquals(await host.evaluate(() => session!.id), pathname.slice(1));
    assertNotEquals(await idOf(host), before);
  }, noCuts),
});
