/** ICE servers for one client, with TURN credentials that end by themselves. */
import { createHmac } from "node:crypto";
import { makeId } from "../protocol/ids.ts";
import type { IceServer } from "../protocol/wire.ts";
import type { Settings } from "./settings.ts";

/** How long a TURN credential may be used to allocate, in seconds. */
const CREDENTIAL_TIME = 12 * 3_600;

/** The scheme of draft-uberti-behave-turn-rest-00 section 2.2, which coturn's use-auth-secret takes. */
export function mintIceServers(settings: Settings, now: number): IceServer[] {
  if (!settings.turn) return settings.iceServers;
  const { urls, secret } = settings.turn;
  const username = `${Math.floor(now / 1_000) + CREDENTIAL_TIME}:${makeId(6)}`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return [...settings.iceServers, { urls, username, credential }];
}
