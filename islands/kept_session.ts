/** What a host's tab needs to come back as the host of the same link. */
export interface KeptSession {
  sessionId: string;
  key: string;
}

/** The store of one tab: another tab must not take the session away. */
const NAME = "foyer.session";

export function keepSession({ sessionId, key }: KeptSession): void {
  sessionStorage.setItem(NAME, JSON.stringify({ sessionId, key }));
}

export function readKeptSession(): KeptSession | null {
  const text = sessionStorage.getItem(NAME);
  return text === null ? null : JSON.parse(text);
}

export function forgetSession(): void {
  sessionStorage.removeItem(NAME);
}
