import type { Process } from "./process.ts";

/** The same session as it is served by another process. */
export function at(server: Process, { id, key }: { id: string; key: string }) {
  return { server, id, key };
}
