/** A session that lasts longer than its TURN credentials: a real coturn, and credentials for seconds. */
import { delay } from "../../lib/signalling/delay.ts";
import { drain } from "../contract/joiner.ts";
import { openBehindWall, SECRET, startCoturn, testWithCoturn } from "./coturn.ts";
import { joinSession, startSession } from "./room.ts";
import { until } from "./stage.ts";

const TURN_SECONDS = 24;

testWithCoturn("TURN credentials are renewed for all who stay", async (stage) => {
  const { udp: TURN_URLS } = await startCoturn(stage);
  const settings = { TURN_URLS, TURN_SECRET: SECRET, TURN_SECONDS: String(TURN_SECONDS) };
  const server = await stage.serve(settings);
  const [host, joiner] = [await openBehindWall(stage), await openBehindWall(stage)];
  const link = await startSession(host, server);
  await joinSession(joiner, link);
  const end = Date.now() + TURN_SECONDS * 1_000;
  while (Date.now() < end) await delay(end - Date.now());

  await drain({ server, id: new URL(link).pathname.slice(1) });
  await until(host, "a relay for an offer made now", (end) =>
    connections.some((connection) => {
      const [server] = connection.getConfiguration().iceServers!;
      return Number(server?.username?.split(":")[0]) * 1_000 > end &&
        connection.localDescription?.sdp.includes(" typ relay");
    }), end);
  await until(
    joiner,
    "new credentials for the link that it has",
    (end) =>
      connections.some((connection) => {
        const [server] = connection.getConfiguration().iceServers!;
        return connection.connectionState === "connected" &&
          Number(server?.username?.split(":")[0]) * 1_000 > end;
      }),
    end,
  );
});

declare global {
  var connections: RTCPeerConnection[];
}
