import type { Page } from "puppeteer-core";

declare global {
  /** In the page of a host: how many joiners are connected to it just now. */
  var countGuests: () => number;
}

/** Somebody who waits for joiners. */
export interface Host {
  readonly name: string;
  /** What a joiner opens. */
  readonly link: string;
  readonly page: Page;
  stop(): Promise<void>;
}
