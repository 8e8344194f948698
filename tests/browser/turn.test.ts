/** Two people who can only meet at a TURN server: a real coturn, real credentials. */
import { assertEquals } from "@std/assert";
import { openBehindWall, SECRET, startCoturn, testWithCoturn } from "./coturn.ts";
import { joinSession, say, startSession, untilHeard } from "./room.ts";

testWithCoturn("two people who may only use a relay meet at the TURN server", async (stage) => {
  const { udp: TURN_URLS } = await startCoturn(stage);
  const server = await stage.serve({ TURN_URLS, TURN_SECRET: SECRET });
  const host = await openBehindWall(stage);
  const link = await startSession(host, server);
  const joiner = await openBehindWall(stage);
  await joinSession(joiner, link);
  await say(joiner, "through the relay");
  await untilHeard(host, "through the relay");
  const kinds = await joiner.evaluate(async () => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
    const open = connections.find(({ connectionState }) => connectionState === "connected")!;
    const stats = new Map<string, RTCStats>(await open.getStats());
    const all = [...stats.values()] as (RTCIceCandidatePairStats & { nominated?: boolean })[];
    const pair = all.find(({ type, nominated }) => type === "candidate-pair" && nominated)!;
    return [pair.localCandidateId, pair.remoteCandidateId].map((id) =>
      (stats.get(id) as unknown as { candidateType: string }).candidateType
    );
  });
  assertEquals(kinds, ["relay", "relay"]);
});

testWithCoturn(
  "a forged or expired TURN credential gets no relay, and one minted by Foyer does",
  async (stage) => {
    const { udp: TURN_URLS } = await startCoturn(stage);
    const server = await stage.serve({ TURN_URLS, TURN_SECRET: SECRET });
    const host = await stage.open();
    const link = await startSession(host, server);
    const response = await fetch(link, { headers: { accept: "application/json" } });
    const { iceServers: [minted] } = await response.json() as { iceServers: RTCIceServer[] };
    const forged = { ...minted, credential: btoa("made up") };
    const username = `${Math.floor(Date.now() / 1_000) - 60}:anyone`;
    const expired = { ...minted, username, credential: await sign(username) };

    const countRelays = (server: RTCIceServer) =>
      host.evaluate(async (server) => {
        const connection = new RTCPeerConnection({
          iceServers: [server],
          iceTransportPolicy: "relay",
        });
        connection.createDataChannel("any");
        let relays = 0;
        const complete = new Promise<void>((resolve) => {
          connection.onicecandidate = ({ candidate }) => candidate ? relays++ : resolve();
        });
        await connection.setLocalDescription();
        await complete;
        connection.close();
        return relays;
      }, server);
    assertEquals(await countRelays(forged), 0);
    assertEquals(await countRelays(expired), 0);
    assertEquals(await countRelays(minted) > 0, true);
  },
);

async function sign(username: string): Promise<string> {
  const bytes = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-1" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(SECRET), algorithm, false, [
    "sign",
  ]);
  const signature = await crypto.subtle.sign("HMAC", key, bytes.encode(username));
  return new Uint8Array(signature).toBase64();
}
