import { assert, assertEquals, assertMatch } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { startSession as startByHand } from "../contract/primary.ts";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { servePages } from "./pages.ts";
import { openRecordingDoor } from "./recording_door.ts";
import { joinSession, startSession, untilComplete, untilPeers } from "./room.ts";
import { testInChromium, until } from "./stage.ts";

/** What of a description nobody but the two ends should see (RFC 8866, RFC 8839, RFC 8122). */
const TRACES = /a=candidate|a=fingerprint|ice-ufrag|ice-pwd|IN IP[46]/;

const toDoor = (link: string, origin: string) => {
  const { pathname, hash } = new URL(link);
  return origin + pathname + hash;
};

testInChromium(
  "what passes the server and what it keeps has no address, no fingerprint and no secret",
  async (stage) => {
    const folder = await Deno.makeTempDir();
    stage.defer(() => Deno.remove(folder, { recursive: true }));
    const server = await stage.serve({ DENO_KV_PATH: `${folder}/kv` });
    const door = openRecordingDoor(server);
    stage.defer(() => door[Symbol.asyncDispose]());
    const host = await stage.open();
    const link = toDoor(await startSession(host, door), door.origin);
    const pages = [host];
    for (let i = 0; i < 2; i++) {
      const page = await stage.open();
      await joinSession(page, link);
      pages.push(page);
    }
    await untilComplete(pages);

    const [{ pathname, hash }, kept] = [new URL(link), new TextDecoder("latin1")];
    const [id, secret] = [pathname.slice(1), hash.slice(1)];
    let store = "";
    for await (const { name } of Deno.readDir(folder)) {
      store += kept.decode(await Deno.readFile(`${folder}/${name}`));
    }
    for (const [what, text] of [["traffic", door.record.join("\n")], ["store", store]]) {
      assert(text.includes(id), `${what}: it is what was looked at`);
      assert(text.includes("sealed."), `${what}: the offers are in it`);
      assert(!text.includes(secret), `${what}: no secret`);
      assertEquals(text.match(TRACES), null, what);
    }
  },
);

testInChromium(
  "a joiner's page keeps the whole link, to load it again and to hand it on",
  async (stage) => {
    const server = await stage.serve();
    const [host, joiner] = [await stage.open(), await stage.open()];
    const link = await startSession(host, server);
    assertMatch(new URL(link).hash, /^#[\w-]{22}$/);
    await joinSession(joiner, link);
    assertEquals(joiner.url(), link);
    assertEquals(await joiner.$eval("input[data-session-link]", ({ value }) => value), link);
    await joiner.reload();
    await untilPeers(joiner, 1);
    assertEquals(joiner.url(), link);
  },
);

testInChromium(
  "a link that lost its secret, or has another one, says that it is not whole",
  async (stage) => {
    const server = await stage.serve();
    const [host, joiner] = [await stage.open(), await stage.open()];
    const link = await startSession(host, server);
    for (const hash of ["", `#${makeId()}`]) {
      await joiner.goto("about:blank");
      await joiner.goto(link.replace(/#.*/, hash));
      await until(
        joiner,
        "the word that it is not the whole link",
        () =>
          document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
            "This is not the whole link",
      );
    }
    // Their offers were given back: all four are there for others.
    const pages = [host];
    for (let i = 0; i < 4; i++) {
      const page = await stage.open();
      await joinSession(page, link);
      pages.push(page);
    }
    await untilComplete(pages);
  },
);

testInChromium("a page that can try again keeps the secret", async (stage) => {
  const server = await stage.serve();
  const [host, failing] = [await stage.open(), await stage.open()];
  const link = await startSession(host, server);
  await failing.evaluateOnNewDocument(() => {
    // Only the first time: the page that is loaded again has what it needs.
    if (sessionStorage.tried) return;
    sessionStorage.tried = "yes";
    delete (globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection;
  });
  await failing.goto(link);
  await until(failing, "a way to try again", () => document.querySelector('a[href=""]'));
  await failing.click('a[href=""]');
  await untilPeers(failing, 1);
});

testInChromium(
  "a joiner whose first offer fails comes in by a fresh one, as sealed",
  async (stage) => {
    const server = await stage.serve();
    const [host, joiner] = [await stage.open(), await stage.open()];
    const link = await startSession(host, server);
    await joiner.evaluateOnNewDocument(() => {
      const { setRemoteDescription } = RTCPeerConnection.prototype;
      RTCPeerConnection.prototype.setRemoteDescription = () => {
        RTCPeerConnection.prototype.setRemoteDescription = setRemoteDescription;
        return Promise.reject(new DOMException("Not this one"));
      };
    });
    await joinSession(joiner, link);
  },
);

testInChromium(
  "a target gets the secret with the offer, and has its own fragment back",
  async (stage) => {
    let script = "";
    const targets = servePages({
      "/hall": () => `
      <script type="module">
        import { join } from "${script}";
        const session = await join(location.href);
        document.body.dataset.link = session.link;
      </script>`,
    });
    stage.defer(targets.stop);
    const server = await stage.serve({ TARGET_ORIGINS: targets.origin });
    script = `${server.origin}/client.js`;
    const [host] = await openClients(stage, server, 1);
    const target = `${targets.origin}/hall?door=2#gallery`;
    const link = await hostSession(host, { target });
    const joiner = await stage.open();
    await joiner.goto(link);
    await until(joiner, "the session's link", () => document.body?.dataset.link);
    assertEquals(await joiner.evaluate(() => document.body.dataset.link), link);
    assertEquals(joiner.url(), target);
  },
);

testInChromium(
  "a session without a secret is plain, for those who know nothing of one",
  async (stage) => {
    const server = await stage.serve();
    const [host, joiner] = await openClients(stage, server, 2);
    const link = await hostSession(host, { secret: "" });
    assertEquals(new URL(link).hash, "");
    const response = await fetch(link, { headers: { accept: "application/json" } });
    assertMatch((await response.json()).offer, TRACES);
    assertEquals(await enterSession(joiner, link), null);
    await untilLinked([host, joiner]);
  },
);

testInChromium(
  "who has a secret takes no plain offer: the server could have made it",
  async (stage) => {
    const server = await stage.serve();
    const [joiner] = await openClients(stage, server, 1);
    const offer = await joiner.evaluate(async () => {
      const connection = new RTCPeerConnection();
      connection.createDataChannel("mine", { negotiated: true, id: 0 });
      return (await connection.createOffer()).sdp!;
    });
    await using session = await startByHand(server, { offers: [offer] });
    const { link } = session.welcome;
    assertEquals(await enterSession(joiner, `${link}#${makeId()}`), "incomplete-link");
  },
);

const outside = Deno.networkInterfaces().find(({ address, family }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

// Only localhost has WebCrypto over plain http.
if (outside) {
  testInChromium(
    "over plain http a session is not sealed, and a sealed link says why not",
    async (stage) => {
      const server = await stage.serve();
      const door = openRecordingDoor(server, outside);
      stage.defer(() => door[Symbol.asyncDispose]());
      const [host, joiner] = [await stage.open(), await stage.open()];
      const plain = toDoor(await startSession(host, door), door.origin);
      assertEquals(await host.evaluate(() => [isSecureContext, location.hash]), [false, ""]);
      assertEquals(new URL(plain).hash, "");
      await joinSession(joiner, plain);

      const sealing = await stage.open();
      const sealed = toDoor(await startSession(sealing, server), door.origin);
      await joiner.goto(sealed);
      await until(
        joiner,
        "the word that it needs a secure page",
        () =>
          document.querySelector("#foyer[data-state=failed] h1")?.textContent ===
            "This link needs a secure page",
      );
    },
  );
}
