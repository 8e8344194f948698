import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "puppeteer-core";
import { enterSession, hostSession, openClients, untilLinked } from "../mesh/clients.ts";
import { type Stage, testInChromium, until } from "./stage.ts";

declare global {
  /** What a page has been sent: text as it is, of bytes how many. */
  var heard: unknown[];
  var progress: { peerId: string; received: number; total: number }[];
}

const LARGE = 20_000_000;

/** A host and a joiner that keeps what it hears. */
async function pair(stage: Stage): Promise<[Page, Page]> {
  const server = await stage.serve();
  const [host, joiner] = await openClients(stage, server, 2);
  const link = await hostSession(host);
  await enterSession(joiner, link);
  await untilLinked([host, joiner]);
  await joiner.evaluate(() => {
    globalThis.heard = [];
    globalThis.progress = [];
    session!.addEventListener("message", ({ detail: { data } }) => {
      heard.push(data instanceof ArrayBuffer ? data.byteLength : data);
    });
    session!.addEventListener("progress", ({ detail }) => {
      progress.push({ ...detail });
    });
  });
  return [host, joiner];
}

async function untilHeard(page: Page, wanted: unknown[]): Promise<void> {
  await until(page, `the messages ${wanted}`, (wanted) => {
    return JSON.stringify(heard) === wanted;
  }, JSON.stringify(wanted));
}

testInChromium(
  "a large message arrives whole and in its place, and both sides see it move",
  async (stage) => {
    const [host, joiner] = await pair(stage);
    const steps = await host.evaluate(async (length) => {
      const [peerId] = session!.peers.keys();
      const steps: number[][] = [];
      const before = session!.send(peerId, "before");
      const large = session!.send(peerId, new Uint8Array(length), {
        onprogress: (...step) => steps.push(step),
      });
      await Promise.all([before, large, session!.send(peerId, "after")]);
      return steps;
    }, LARGE);
    await untilHeard(joiner, ["before", LARGE, "after"]);

    assertEquals(steps.at(-1), [LARGE, LARGE]);
    assert(steps.every(([sent, total], i) => total === LARGE && sent > (steps[i - 1]?.[0] ?? 0)));
    const seen = await joiner.evaluate(() =>
      progress.map(({ received, total }) => [received, total])
    );
    assertEquals(seen, steps);
  },
);

testInChromium(
  "a message that its sender stops is not heard of, and the link goes on",
  async (stage) => {
    const [host, joiner] = await pair(stage);
    const reason = await host.evaluate(async (length) => {
      const [peerId] = session!.peers.keys();
      const stopping = new AbortController();
      const sent = session!.send(peerId, new Uint8Array(length), {
        signal: stopping.signal,
        onprogress: (sent) => sent > length / 4 && stopping.abort("no time"),
      });
      const next = session!.send(peerId, new Uint8Array(100_000));
      const reason = await sent.catch((reason) => reason);
      await next;
      return reason;
    }, LARGE);
    assertEquals(reason, "no time");
    await untilHeard(joiner, [100_000]);
  },
);

testInChromium("a message that waits for its turn is stopped at once", async (stage) => {
  const [host, joiner] = await pair(stage);
  await host.evaluate(async (length) => {
    const [peerId] = session!.peers.keys();
    const first = session!.send(peerId, new Uint8Array(length));
    const stopping = new AbortController();
    const second = session!.send(peerId, "never", { signal: stopping.signal });
    stopping.abort();
    await second.catch(() => {});
    const third = session!.send(peerId, "last");
    await Promise.all([first, third]);
  }, LARGE);
  await untilHeard(joiner, [LARGE, "last"]);
});

testInChromium(
  "a message that its receiver refuses fails at its sender, and the link goes on",
  async (stage) => {
    const [host, joiner] = await pair(stage);
    await joiner.evaluate((length) => {
      session!.addEventListener("progress", ({ detail }) => {
        if (detail.total === length) detail.refuse();
      });
    }, LARGE);
    const { code, sent } = await host.evaluate(async (length) => {
      const [peerId] = session!.peers.keys();
      let sent = 0;
      const options = { onprogress: (now: number) => void (sent = now) };
      const { code } = await session!.send(peerId, new Uint8Array(length), options).catch((e) => e);
      await session!.send(peerId, new Uint8Array(100_000));
      return { code, sent };
    }, LARGE);
    assertEquals(code, "refused");
    assertGreater(LARGE, sent);
    await untilHeard(joiner, [100_000]);
  },
);
