import { openStorage } from "./open_storage.ts";

/** What a host's tab needs to come back as the host of the same link. */
export interface KeptSession {
  sessionId: string;
  key: string;
  secret: string;
}

/** The store of one tab: another tab must not take the session away. */
const NAME = "foyer.session";

export function keepSession(session: KeptSession): void {
  openStorage("sessionStorage")?.setItem(NAME, JSON.stringify(session));
}

export function readKeptSession(): KeptSession | null {
  const text = openStorage("sessionStorage")?.getItem(NAME) ?? null;
  return text === null ? null : JSON.parse(text);
}

export function forgetSession(): void {
  openStorage("sessionStorage")?.removeItem(NAME);
}
