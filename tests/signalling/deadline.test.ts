import { assertEquals } from "@std/assert";
import { createDeadlines } from "../../lib/signalling/deadline.ts";

Deno.test("createDeadlines() calls those that are late in their order, and not those that ended before", async () => {
  const deadlines = createDeadlines(20);
  const called: string[] = [];
  const done = Promise.withResolvers<void>();
  deadlines.start(() => {
    called.push("first");
    // One that begins while others end has its whole time.
    deadlines.start(() => {
      called.push("last");
      done.resolve();
    });
  });
  const cancel = deadlines.start(() => called.push("cancelled"));
  deadlines.start(() => called.push("second"));
  cancel();
  await done.promise;
  assertEquals(called, ["first", "second", "last"]);
});

Deno.test("createDeadlines() leaves no timer when all ended in time", () => {
  const deadlines = createDeadlines(60_000);
  const cancels = [1, 2, 3].map(() => deadlines.start(() => {}));
  for (const cancel of cancels) cancel();
});
