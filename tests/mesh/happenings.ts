/** What a page's session says about the others, in its order. */
import type { Page } from "puppeteer-core";
import { until } from "../browser/stage.ts";
import "./clients.ts";

declare global {
  /** Events of the page's session, as `leave` and a peer id. */
  var happenings: string[];
}

/** From now on the events of each page's session are kept. */
export async function watchAll(pages: Page[]): Promise<void> {
  await Promise.all(pages.map((page) =>
    page.evaluate(() => {
      globalThis.happenings = [];
      for (const type of ["peer", "leave", "away", "back", "primary"] as const) {
        session!.addEventListener(type, ({ detail }: CustomEvent<{ peerId: string }>) => {
          happenings.push(`${type} ${detail.peerId}`);
        });
      }
    })
  ));
}

/** What has happened to the page's link with the peer, as `away`, `back`. */
export async function listHappenings(page: Page, peer: string): Promise<string[]> {
  const all = await page.evaluate(() => happenings);
  return all.filter((happening) => happening.endsWith(` ${peer}`)).map((text) =>
    text.split(" ")[0]
  );
}

/** Waits for an event of the page's session, such as `away` and a peer id. */
export async function untilHappened(page: Page, happening: string): Promise<void> {
  await until(page, happening, (happening) => happenings.includes(happening), happening)
    .catch(async (cause) => {
      const all = await page.evaluate(() => happenings);
      throw new Error(`${happening} did not happen, but ${all}`, { cause });
    });
}

export async function idOf(page: Page): Promise<string> {
  return await page.evaluate(() => session!.self);
}

/** Waits until each of the `pages` says that `primary` is its primary, and is connected. */
export async function untilPrimary(pages: Page[], primary: string): Promise<void> {
  await Promise.all(pages.map((page) =>
    until(
      page,
      `the primary ${primary}`,
      (primary) => session!.primary === primary && session!.state === "connected",
      primary,
    )
  ));
}
