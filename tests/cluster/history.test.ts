/**
 * Accidents by chance: several processes, or one on a file, are killed, stopped and held while primaries
 * come and go and joiners do whatever joiners do. `SEED` plays one scene again, as far as chance is ours.
 */
import { testTogether } from "../contract/together.ts";
import { checkHistory } from "./history/check_history.ts";
import { play, type Scene } from "./history/play.ts";
import { onDenokv, onFile } from "./stage.ts";

/** For how long scene follows scene; one scene unless told (`deno task bench:faults [seconds]`). */
const SECONDS = Number(Deno.args[0] ?? Deno.env.get("FAULTS_SECONDS") ?? 0);
const SEED = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 32));
const DURATION = 3_000;

testTogether("Whatever happens by chance, the contract holds", {
  "to three processes on denokv": onDenokv(
    async ({ start, denokv }) => {
      await playOnAndOn({ servers: 3, start, denokv });
    },
  ),

  "to a process on a file": onFile(async ({ start }) => {
    await playOnAndOn({ servers: 1, start });
  }),
});

async function playOnAndOn(scene: Pick<Scene, "servers" | "start" | "denokv">): Promise<void> {
  const end = performance.now() + SECONDS * 1_000;
  let seed = SEED;
  do {
    console.log(`SEED=${seed}`);
    // The store, too, is struck in every third scene.
    const denokv = seed % 3 === 0 ? scene.denokv : undefined;
    const history = await play({ ...scene, denokv, seed, duration: DURATION });
    const breaches = checkHistory(history);
    if (breaches.length > 0) {
      throw new Error(
        `with SEED=${seed}, of ${history.requests.length} requests:\n${breaches.join("\n")}`,
      );
    }
    const done = history.sessions.flatMap(({ deliveries }) => deliveries).length;
    console.log(`${history.requests.length} requests, ${done} deliveries`);
    seed++;
  } while (performance.now() < end);
}
