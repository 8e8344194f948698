import { assertEquals } from "@std/assert";
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

declare global {
  var guests: ReadonlyMap<string, unknown>;
}
