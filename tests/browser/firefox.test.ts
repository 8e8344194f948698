import { joinSession, say, startSession, untilComplete, untilHeard } from "./room.ts";
import { testInFirefox } from "./stage.ts";

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

testInFirefox("two of each browser make one mesh", async (stage) => {
  const server = await stage.serve();
  const host = await stage.open("chromium");
  const link = await startSession(host, server);
  const pages = [host];
  for (const browser of ["firefox", "chromium", "firefox"] as const) {
    const page = await stage.open(browser);
    await joinSession(page, link);
    pages.push(page);
  }
  await untilComplete(pages);
});
