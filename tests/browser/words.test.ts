import { assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import type { Link } from "../../lib/mesh/link.ts";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { joinSession, startSession, untilComplete } from "./room.ts";
import { testInChromium, testInFirefox, until } from "./stage.ts";

/** The words that `page` shows for its link to `peer`. */
function readWords(page: Page, peer: string): Promise<string[]> {
  return page.evaluate((peer) => session!.words(peer), peer);
}

const idOf = (page: Page) => page.evaluate(() => session!.self);

testInChromium(
  "both ends of a link have the same words, and each link has its own",
  async (stage) => {
    const pages = await openClients(stage, await stage.serve(), 3);
    const link = await hostSession(pages[0]);
    for (const page of pages.slice(1)) assertEquals(await enterSession(page, link), null);
    await untilLinked(pages);

    const ids = await Promise.all(pages.map(idOf));
    const seen = new Set<string>();
    for (const [a, b] of [[0, 1], [0, 2], [1, 2]]) {
      const words = await readWords(pages[a], ids[b]);
      assertEquals(words.length, 6);
      assertEquals(await readWords(pages[b], ids[a]), words);
      seen.add(words.join());
    }
    assertEquals(seen.size, 3);
    const refused = await pages[0].evaluate(() =>
      session!.words("nobody").catch(({ code }) => code)
    );
    assertEquals(refused, "no-such-peer");
  },
);

testInFirefox("people in Firefox and Chromium read the same words in the room", async (stage) => {
  const pages = [await stage.open("chromium"), await stage.open("firefox")];
  const link = await startSession(pages[0], await stage.serve());
  await joinSession(pages[1], link);
  await untilComplete(pages);
  const read = async (page: Page) => {
    await page.locator(".people details summary").click();
    await until(page, "six words", () => document.querySelector(".people details b"));
    return await page.$eval(".people details b", (words) => words.textContent);
  };
  assertEquals(await read(pages[0]), await read(pages[1]));
});

/**
 * Makes the page of a host stand in the middle of those whom it introduces: each of them gets a
 * description of a connection that ends here, and what comes on one goes out on the other.
 */
function standInTheMiddle(): void {
  const send: (this: RTCDataChannel, data: string) => void = RTCDataChannel.prototype.send;
  const near = Promise.withResolvers<[RTCDataChannel, answer: string]>();
  const far = Promise.withResolvers<RTCPeerConnection>();
  globalThis.overheard = [];

  RTCDataChannel.prototype.send = function (data: unknown) {
    const frame = typeof data === "string" ? JSON.parse(data) : {};
    if (frame.type === "offers") pretendToOffer(this, frame);
    else if (frame.type === "answers") pretendToAnswer(this, frame);
    else send.call(this, data as string);
  };

  const open = () => {
    const connection = new RTCPeerConnection();
    return [
      connection,
      connection.createDataChannel("foyer", { negotiated: true, id: 0 }),
    ] as const;
  };
  const describe = async (connection: RTCPeerConnection) => {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise((resolve) =>
        connection.addEventListener("icegatheringstatechange", resolve)
      );
    }
    return connection.localDescription!.sdp;
  };
  const pass = (from: RTCDataChannel, to: RTCDataChannel) => {
    from.onmessage = ({ data }) => {
      overheard.push(data);
      send.call(to, data);
    };
  };

  async function pretendToOffer(
    to: RTCDataChannel,
    frame: { connections: { offer: string }[] },
  ) {
    const [[toOfferer, nearChannel], [toAnswerer, farChannel]] = [open(), open()];
    pass(nearChannel, farChannel);
    pass(farChannel, nearChannel);
    // In a sealed session the offer has a key before it, which is kept.
    const sdp = frame.connections[0].offer.replace(/^keyed\.[^.]*\./, "");
    await toOfferer.setRemoteDescription({ type: "offer", sdp });
    near.resolve([nearChannel, await describe(toOfferer)]);
    frame.connections[0].offer = frame.connections[0].offer.replace(
      sdp,
      await describe(toAnswerer),
    );
    far.resolve(toAnswerer);
    send.call(to, JSON.stringify(frame));
  }

  async function pretendToAnswer(
    to: RTCDataChannel,
    frame: { connections: { answer: string | null }[] },
  ) {
    const [{ answer }] = frame.connections;
    // What is sealed can only be passed on as it is.
    if (answer?.startsWith("v=0")) {
      await (await far.promise).setRemoteDescription({ type: "answer", sdp: answer });
      frame.connections[0].answer = (await near.promise)[1];
    }
    send.call(to, JSON.stringify(frame));
  }
}

testInChromium(
  "the words tell when a host stands in the middle of those whom it introduces",
  async (stage) => {
    const [host, one, two] = await openClients(stage, await stage.serve(), 3);
    await host.evaluate(standInTheMiddle);
    // Where nothing is sealed nobody else notices.
    const link = await hostSession(host, { secret: "" });
    for (const page of [one, two]) assertEquals(await enterSession(page, link), null);
    await untilLinked([host, one, two]);
    const [idOfOne, idOfTwo] = [await idOf(one), await idOf(two)];
    await one.evaluate((peer) => session!.send(peer, "only for you"), idOfTwo);
    await until(host, "what the host overhears", () => overheard.length > 0);

    assertNotEquals(await readWords(one, idOfTwo), await readWords(two, idOfOne));
    const idOfHost = await idOf(host);
    assertEquals(await readWords(one, idOfHost), await readWords(host, idOfOne));
  },
);

testInChromium(
  "where introductions are sealed, who swaps a description gets no link",
  async (stage) => {
    const [host, one, two] = await openClients(stage, await stage.serve(), 3);
    await host.evaluate(standInTheMiddle);
    const link = await hostSession(host);
    for (const page of [one, two]) assertEquals(await enterSession(page, link), null);
    // The newcomer sees that the answer is not to its offer, and drops the connection.
    await until(
      two,
      "the link to be dropped",
      () => connections.some((c) => c.signalingState === "closed"),
    );
    assertEquals(await two.evaluate(() => session!.peers.size), 1);
    assertEquals(await one.evaluate(() => session!.peers.size), 1);
    assertEquals(await host.evaluate(() => overheard), []);
  },
);

testInChromium(
  "whoever passes on what changes in a link cannot put somebody else at its end",
  async (stage) => {
    const pages = await openClients(stage, await stage.serve(), 2);
    const link = await hostSession(pages[0]);
    assertEquals(await enterSession(pages[1], link), null);
    await untilLinked(pages);
    const answered = await pages[0].evaluate(async (peer) => {
      const link = session!.peers.get(peer) as unknown as Pick<Link, "connection" | "sendControl">;
      const sdp = link.connection.localDescription!.sdp;
      const forged = sdp.replace(
        /(sha-256 )(..)/,
        (_, name, byte) => name + (byte === "AA" ? "BB" : "AA"),
      )
        .replace(/a=ice-ufrag:.*/, "a=ice-ufrag:ABCD").replace(
          /a=ice-pwd:.*/,
          "a=ice-pwd:" + "x".repeat(24),
        );
      const answers: string[] = [];
      const done = new Promise<void>((resolve) => {
        const read = ({ data }: MessageEvent) => {
          const frame = typeof data === "string" ? JSON.parse(data) : {};
          if (frame.type !== "description") return;
          answers.push(frame.id);
          if (frame.id === "the-same-end") resolve();
        };
        for (const channel of channels) channel.addEventListener("message", read);
      });
      for (const [id, text] of [["another end", forged], ["the same end", sdp]]) {
        const description = { type: "offer" as const, sdp: text };
        link.sendControl({
          type: "description",
          id: id.replaceAll(" ", "-"),
          isNew: false,
          description,
        });
      }
      await done;
      return answers;
    }, await idOf(pages[1]));
    assertEquals(answered, ["the-same-end"]);
  },
);

declare global {
  /** In the page of a host in the middle. */
  var overheard: unknown[];
}
