/** Limits over several processes on one KV Connect server. */
import { assert } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { until } from "../contract/harness.ts";
import { openLink } from "../contract/joiner.ts";
import { testTogether } from "../contract/together.ts";
import { onDenokv } from "./stage.ts";

const LIMIT = 1_600;

testTogether("Limits over several processes", {
  "Who has asked one process for as much as it may is soon refused by the other": onDenokv(
    async ({ startSeveral }) => {
      const [a, b] = await startSeveral(2, { LIMIT_PER_MINUTE: String(LIMIT) });
      const ask = async (server: typeof a) => (await openLink({ server, id: makeId() })).status;
      const statuses = await Promise.all(Array.from({ length: LIMIT }, () => ask(a)));
      assert(!statuses.includes(429), "it is not more than it may");
      let taken = 0;
      await until(
        "a refusal",
        async () => {
          // So many at once that the other process has something to tell.
          const statuses = await Promise.all(
            Array.from({ length: taken < 110 ? 110 : 1 }, () => ask(b)),
          );
          taken += statuses.filter((status) => status !== 429).length;
          return statuses.includes(429);
        },
        Boolean,
        30_000,
      );
      assert(taken < LIMIT, `the other process alone took ${taken}`);
    },
  ),
});
