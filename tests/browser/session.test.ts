import { assertEquals } from "@std/assert";
import { layCable } from "../contract/cable.ts";
import { downloadFile } from "./download.ts";
import {
  joinSession,
  say,
  startSession,
  untilComplete,
  untilHeard,
  untilPeers,
  untilSessionState,
} from "./room.ts";
import { testInChromium, until } from "./stage.ts";

testInChromium("three people open a link and all four talk to each other", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);

  const joiners = [await stage.open(), await stage.open(), await stage.open()];
  await Promise.all(joiners.map((page) => joinSession(page, link)));
  const everyone = [host, ...joiners];
  await untilComplete(everyone);

  for (const [i, page] of everyone.entries()) await say(page, `line ${i}`);
  for (const page of everyone) {
    for (const i of everyone.keys()) await untilHeard(page, `line ${i}`);
  }
  const drawn = await host.$eval("svg.mesh", (svg) => svg.querySelectorAll(".open").length);
  assertEquals(drawn, 6, "six links in the picture of four people");
});

testInChromium("a file reaches everyone whole", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const joiners = [await stage.open(), await stage.open()];
  await Promise.all(joiners.map((page) => joinSession(page, link)));
  await untilComplete([host, ...joiners]);

  const path = await Deno.makeTempFile({ suffix: ".bin" });
  stage.defer(() => Deno.remove(path));
  // More than the browser takes at once, so that sending has to wait.
  const content = new Uint8Array(3_000_000).map((_, i) => i * 31 ^ i >> 8);
  await Deno.writeFile(path, content);
  await (await joiners[0].$("input[type=file]"))!.uploadFile(path);

  for (const page of [host, joiners[1]]) {
    await until(
      page,
      "the whole file",
      () =>
        document.querySelector("[data-transfer=receiving][data-transfer-state=done] a[download]"),
    );
    assertEquals(await downloadFile(page, "a[download]"), content);
  }
  await until(
    joiners[0],
    "its sender to know",
    () => document.querySelector("[data-transfer=sending][data-transfer-state=done]"),
  );
});

testInChromium("a joiner that loads the page again is back", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const joiner = await stage.open();
  const other = await stage.open();
  await joinSession(joiner, link);
  await joinSession(other, link);
  await untilComplete([host, joiner, other]);

  await joiner.reload();
  await untilComplete([host, joiner, other]);
  await say(joiner, "back again");
  await untilHeard(other, "back again");
});

testInChromium("a host whose socket is cut comes back, and people come in again", async (stage) => {
  const cable = layCable(await stage.serve());
  stage.defer(() => cable[Symbol.asyncDispose]());
  stage.allowFault(/WebSocket connection to .* failed/);
  const host = await stage.open();
  const link = await startSession(host, cable.server);
  const early = await stage.open();
  await joinSession(early, link);
  await untilComplete([host, early]);

  const lost = untilSessionState(host, "reconnecting");
  cable.cut();
  await lost;
  await untilSessionState(host, "connected");
  const late = await stage.open();
  await joinSession(late, link);
  await untilComplete([host, early, late]);
});

testInChromium("a host that loads its page again has the same link", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);

  await host.reload();
  const joiner = await stage.open();
  await joinSession(joiner, link);
  await untilPeers(host, 1);
});

testInChromium("a session that its host ends is over for all", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open();
  const link = await startSession(host, server);
  const joiner = await stage.open();
  await joinSession(joiner, link);
  await untilComplete([host, joiner]);

  await host.locator(".ways-out button").click();
  await host.locator("dialog .danger").click();
  await untilSessionState(joiner, "ended");
  const late = await stage.open();
  stage.allowFault(/status of 410/);
  await late.goto(link);
  await until(
    late,
    "the word that it has ended",
    () =>
      document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
        "This session has ended",
  );
});
