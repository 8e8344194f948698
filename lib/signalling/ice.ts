/** ICE servers for one client, with TURN credentials that end by themselves. */
import { createHmac } from "node:crypto";
import { makeId } from "../protocol/ids.ts";
import type { IceServer } from "../protocol/wire.ts";
import type { Settings } from "./settings.ts";

/** The scheme of draft-uberti-behave-turn-rest-00 section 2.2, which coturn's use-auth-secret takes. */
export function mintIceServers(settings: Settings, now: number): IceServer[] {
  if (!settings.turn) return settings.iceServers;
  const { urls, secret, time } = settings.turn;
  const username = `${Math.floor((now + time) / 1_000)}:${makeId(6)}`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return [...settings.iceServers, { urls, username, credential }];
}

/** When a primary needs others than those of `now`: an offer made the moment before may wait long. */
export function timeRenewal({ turn }: Settings, now: number): number {
  return turn ? now + turn.time / 2 : Infinity;
}
