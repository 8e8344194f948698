import { assertEquals, assertGreater } from "@std/assert";
import "./foyer_global.ts";
import { joinSession } from "./room.ts";
import { servePages } from "./pages.ts";
import { testInChromium, until } from "./stage.ts";

testInChromium("a page with the script tag alone hosts and joins", async (stage) => {
  const server = await stage.serve();
  const pages = servePages({
    "/": `<script src="${server.origin}/client.global.js"></script>`,
  });
  stage.defer(pages.stop);
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(pages.origin);
  await joiner.goto(pages.origin);

  const link = await host.evaluate(async () => {
    const session = await Foyer.host();
    session.addEventListener("message", ({ detail }) => {
      session.send(detail.peerId, { echo: detail.data });
    });
    return session.link;
  });
  const heard = await joiner.evaluate(async (link) => {
    const session = await Foyer.join(link);
    const reply = new Promise((resolve) =>
      session.addEventListener("message", ({ detail }) => resolve(detail.data))
    );
    await session.send(session.primary, "hello");
    return await reply;
  }, link);
  assertEquals(heard, { echo: "hello" });
});

testInChromium("stats() tells how each link is doing", async (stage) => {
  const server = await stage.serve();
  const pages = servePages({ "/": `<script src="${server.origin}/client.global.js"></script>` });
  stage.defer(pages.stop);
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(pages.origin);
  await joiner.goto(pages.origin);
  const link = await host.evaluate(async () => (await Foyer.host()).link);
  const [path, sent] = await joiner.evaluate(async (link) => {
    const session = await Foyer.join(link);
    await session.send(session.primary, "x".repeat(10_000));
    let stats;
    do stats = (await session.stats()).get(session.primary)!; while (stats.sent < 10_000);
    return [stats.path, stats.sent];
  }, link);
  assertEquals(path, "direct");
  assertGreater(sent, 10_000);
});

testInChromium(
  "a track that comes before anybody listens is told to the first who does",
  async (stage) => {
    const server = await stage.serve();
    const pages = servePages({ "/": `<script src="${server.origin}/client.global.js"></script>` });
    stage.defer(pages.stop);
    const [host, joiner] = [await stage.open(), await stage.open()];
    await host.goto(pages.origin);
    await joiner.goto(pages.origin);
    const link = await host.evaluate(async () => {
      const session = await Foyer.host();
      const canvas = document.createElement("canvas");
      canvas.getContext("2d");
      const stream = canvas.captureStream();
      await session.addTrack(stream.getTracks()[0], stream);
      return session.link;
    });
    const [first, second] = await joiner.evaluate(async (link) => {
      const session = await Foyer.join(link);
      const { connection } = session.peers.get(session.primary)!;
      const isThere = () =>
        connection.getTransceivers().some(({ currentDirection }) =>
          currentDirection === "recvonly"
        );
      while (!isThere()) await session.stats();
      const told: string[][] = [[], []];
      for (const list of told) {
        session.addEventListener("track", ({ detail }) => {
          list.push(
            `${detail.track.kind} of ${detail.peerId === session.primary ? "the host" : "?"}`,
          );
        });
        await session.stats();
      }
      return told;
    }, link);
    assertEquals([first, second], [["video of the host"], []]);
  },
);

testInChromium("the module joins a room from another origin", async (stage) => {
  const server = await stage.serve();
  const pages = servePages({ "/": "<p>Somebody else's page</p>" });
  stage.defer(pages.stop);
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(pages.origin);
  const link = await host.evaluate(async (origin) => {
    const { host } = await import(`${origin}/client.js`);
    const session = await host();
    globalThis.guests = session.peers;
    return session.link;
  }, server.origin);
  await joinSession(joiner, link);
  await until(host, "a guest", () => guests.size === 1);
});

testInChromium("a link with a target takes people there, and they are connected", async (stage) => {
  const hosts = servePages({ "/": "<p>Where it is hosted</p>" });
  stage.defer(hosts.stop);
  let script = "";
  const targets = servePages({
    "/hall": () => `
      <script type="module">
        import { join } from "${script}";
        const session = await join(location.href);
        session.addEventListener("message", ({ detail }) => document.title = detail.data);
        document.body.dataset.guests = session.peers.size;
      </script>`,
  });
  stage.defer(targets.stop);
  const server = await stage.serve({ TARGET_ORIGINS: targets.origin });
  script = `${server.origin}/client.js`;
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(hosts.origin);
  const link = await host.evaluate(async ({ origin, target }) => {
    const { host } = await import(`${origin}/client.js`);
    const session = await host({ target });
    session.addEventListener("peer", () => session.broadcast("welcome to the hall"));
    return session.link;
  }, { origin: server.origin, target: `${targets.origin}/hall?door=2` });

  await joiner.goto(link);
  await until(joiner, "the host's word", () => document.title === "welcome to the hall");
  assertEquals(joiner.url(), `${targets.origin}/hall?door=2`, "the offer is out of the address");
});

testInChromium("the demo page starts a session, and its link leads back to it", async (stage) => {
  const server = await stage.serve();
  const demo = await Deno.readTextFile(new URL("../demo/plain.html", import.meta.url));
  const pages = servePages({
    "/plain.html": demo.replaceAll("http://localhost:8000", server.origin),
  });
  stage.defer(pages.stop);
  const [host, joiner] = [await stage.open(), await stage.open()];
  await host.goto(`${pages.origin}/plain.html`);
  await host.locator("#start button").click();
  await until(host, "a link", () => document.getElementById("state")?.innerText.includes("1 here"));
  const [link] = (await host.$eval("#state", (state) => state.textContent!)).split(" ");

  await joiner.goto(link);
  await until(joiner, "two people on the demo page", () =>
    location.pathname === "/plain.html" &&
    document.getElementById("state")?.innerText.includes("2 here"));
  await joiner.locator("#say input").fill("hello");
  await joiner.locator("#say button").click();
  await until(
    host,
    "the joiner's line",
    () => document.getElementById("log")?.innerText.includes("hello"),
  );
});

declare global {
  var guests: ReadonlyMap<string, unknown>;
}
