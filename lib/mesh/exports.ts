/** What every client exports, beside its own `host`. */
export { FoyerError, type FoyerErrorCode } from "./errors.ts";
export { join, type JoinOptions, type JoinStep } from "./joiner.ts";
export type { Channel, ChannelEvents, ChannelOptions } from "./later/channel.ts";
export type { Data, Json, Message } from "./messages.ts";
export type { PeerTrack } from "./later/media.ts";
export type { Progress, SendOptions } from "./later/pieces.ts";
export type { LinkStats } from "./later/stats.ts";
export type { Peer, Session, SessionEvents, SessionState } from "./session.ts";
