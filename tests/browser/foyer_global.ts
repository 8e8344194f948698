import type * as client from "../../lib/mesh/client.ts";

declare global {
  /** In a page with the script tag of `/client.global.js`. */
  var Foyer: Pick<typeof client, "host" | "join" | "FoyerError">;
}
