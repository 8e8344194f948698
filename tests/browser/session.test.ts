import { assertEquals } from "@std/assert";
import { joinSession, say, startSession, untilComplete, untilHeard } from "./room.ts";
import { testInChromium } from "./stage.ts";

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
  const shown = await host.$eval("svg.mesh", (picture) => picture.querySelectorAll(".open").length);
  assertEquals(shown, 6, "six links in the picture of four people");
});
