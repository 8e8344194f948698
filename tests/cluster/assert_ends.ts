import { assert, assertEquals } from "@std/assert";
import type { Process } from "./process.ts";

/** Longest time from SIGTERM to the end, in milliseconds. */
export const IN_TIME = 5_000;

/** Tells the server to stop: it has to, in time and in order. */
export async function assertEnds(server: Process): Promise<void> {
  const { code, took } = await server.end();
  assertEquals(code, 0, server.log);
  assert(took < IN_TIME, `it took ${took} ms`);
}
