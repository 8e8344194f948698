import type { Page } from "puppeteer-core";

/**
 * Milliseconds until `count` connections made at once inside one page have an open channel: no
 * server, no other process, every candidate handed over the moment it is there.
 */
export async function measureLimit(page: Page, count: number): Promise<number> {
  return await page.evaluate(async (count) => {
    const start = performance.now();
    const ends = await Promise.all(Array.from({ length: count }, connectPair));
    const elapsed = performance.now() - start;
    for (const end of ends.flat()) end.close();
    return elapsed;

    async function connectPair(): Promise<RTCPeerConnection[]> {
      const pair = [new RTCPeerConnection(), new RTCPeerConnection()];
      const [near, far] = pair;
      const opened = pair.map((end) => {
        const channel = end.createDataChannel("limit", { negotiated: true, id: 0 });
        return new Promise((resolve) => channel.onopen = resolve);
      });
      near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate ?? undefined);
      far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate ?? undefined);
      await near.setLocalDescription();
      await far.setRemoteDescription(near.localDescription!);
      await far.setLocalDescription();
      await near.setRemoteDescription(far.localDescription!);
      await Promise.all(opened);
      return pair;
    }
  }, count);
}
