/** What shows only after many seconds, all at the same time. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { CLOSE, type IceServer } from "../../lib/protocol/wire.ts";
import { shareServer } from "./harness.ts";
import { assertRefused, takeOver } from "./heir.ts";
import { answerLease, lease, untilStatus } from "./joiner.ts";
import { startOnFile } from "./on_file.ts";
import { comeBack, Primary, startSession } from "./primary.ts";
import { testTogether } from "./together.ts";

const TURN_SECONDS = 24;
const server = shareServer({
  TURN_URLS: "turn:turn.example:3478",
  TURN_SECRET: "a secret that nobody is told",
  TURN_SECONDS: String(TURN_SECONDS),
});

/** When the credential ends, in seconds since the epoch, as coturn's use-auth-secret reads it. */
const readExpiry = ([{ username }]: IceServer[]) => Number(username!.split(":")[0]);

testTogether("What takes its time", {
  "A primary gets new credentials before its own end, while it stays": {
    fn: async () => {
      await using session = await startSession(server());
      const [first] = session.welcome.iceServers;
      const { iceServers } = await session.primary.next("ice", () => true, TURN_SECONDS * 1_000);
      const [renewed] = iceServers;
      assert(Date.now() / 1_000 < readExpiry([first]), "the first ones have not ended");
      assert(
        readExpiry(iceServers) >= readExpiry([first]) + TURN_SECONDS / 2 - 1,
        "the new ones last longer",
      );
      assertEquals(renewed.urls, first.urls);
      assertNotEquals(renewed.credential, first.credential);
    },
  },

  "A session whose primary does not come back after a crash ends after the grace": {
    fn: async () => {
      await using machine = await startOnFile({ GRACE_SECONDS: "1" });
      await using session = await startSession(machine.server);
      const server = await machine.crash();
      await untilStatus({ id: session.id, server }, 410, 60_000);
    },
  },

  "After a crash of the server a peer takes over, and both terms survive the next one": {
    fn: async () => {
      await using machine = await startOnFile();
      const given = makeId();
      await using session = await startSession(machine.server, { succession: given });
      const mine = await lease(session);
      assertEquals((await answerLease(session, mine, "x")).status, 202);
      const link = { id: session.id, server: await machine.crash() };
      const heir = await takeOver(link, { given });
      assertEquals((await heir.answers(1))[0].answer, "x");
      await assertRefused(await comeBack({ ...session, ...link }, ["x"]), 4009);
      link.server = await machine.crash();
      await assertRefused(await comeBack({ ...session, ...link }, ["x"]), 4009);
      await using back = await comeBack({ ...link, key: heir.key }, ["x"]);
      assertEquals((await back.next("welcome")).term, 2);
    },
  },

  "A socket that declares nothing is closed after ten seconds": {
    fn: async () => {
      const began = Date.now();
      await using idle = new Primary(server(), makeId());
      await using noisy = new Primary(server(), makeId());
      await noisy.send("not JSON");
      for (const socket of [idle, noisy]) {
        assertEquals((await socket.closed(20_000)).code, CLOSE.timeout);
      }
      const took = Date.now() - began;
      assert(took > 9_000, `closed after ${took} ms`);
    },
  },
});
