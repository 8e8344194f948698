import { assertEquals } from "@std/assert";
import { needsNudge } from "../../lib/signalling/nudge.ts";
import { add, checkAbsent, remove, set } from "../../lib/signalling/store.ts";

Deno.test("needsNudge() is true of a commit that the client sends in two writes", () => {
  const key = ["offer", "session", "id"];
  const checks = [checkAbsent(key)];
  const holds = (...mutations: Deno.KvMutation[]) => needsNudge({ checks, mutations });
  assertEquals(holds(set(key, { offer: "x".repeat(1_200), leaseExpiresAt: 1 })), true);
  assertEquals(holds(set(key, "x".repeat(700)), set(key, "x".repeat(400))), true);
  assertEquals(holds(remove(key), set(key, "x".repeat(43)), add(key, 1)), false);
});
