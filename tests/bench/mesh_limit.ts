import type { Page } from "puppeteer-core";

/** Until all pages have been told to start, in milliseconds. */
export const LEAD = 500;

/**
 * Milliseconds until `count` connections, made at once and shared out evenly among the `pages`, have
 * an open channel. Both ends of each are in one page: no server, nothing between two processes, every
 * candidate handed over the moment it is there.
 */
export async function measureLimit(pages: Page[], count: number): Promise<number> {
  const start = Date.now() + LEAD;
  const ends = await Promise.all(pages.map((page, i) => {
    const share = Math.floor((count + i) / pages.length);
    return page.evaluate(connectPairs, share, start);
  }));
  return Math.max(...ends) - start;
}

/** Runs in a page; @returns when its connections are open, in milliseconds since the epoch. */
async function connectPairs(count: number, start: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, start - Date.now()));
  const pairs = await Promise.all(Array.from({ length: count }, connectPair));
  const end = Date.now();
  for (const side of pairs.flat()) side.close();
  return end;

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
}
