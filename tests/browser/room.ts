/** What people do on our pages. */
import type { Page } from "puppeteer-core";
import type { Server } from "../contract/harness.ts";
import { until } from "./stage.ts";

/** Starts a session on the home page. @returns its link. */
export async function startSession(
  page: Page,
  { origin }: Pick<Server, "origin">,
): Promise<string> {
  await page.goto(origin);
  await page.locator("main button").click();
  await until(page, "the session's link", readLink);
  return (await page.evaluate(readLink))!;
}

/** Opens a link and comes into the room. */
export async function joinSession(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await untilPeers(page, 1);
}

/** Waits until the page's room shows at least `count` open links. */
export async function untilPeers(page: Page, count: number): Promise<void> {
  await until(page, `a room with ${count} others`, (count) => {
    const room = document.querySelector<HTMLElement>("[data-peers]");
    return Number(room?.dataset.peers) >= count;
  }, count);
}

/** Waits until the room of each of the `pages` shows all of them connected to all. */
export async function untilComplete(pages: Page[]): Promise<void> {
  await Promise.all(pages.map((page) =>
    until(page, `a mesh of ${pages.length}`, (others) => {
      const room = document.querySelector<HTMLElement>("[data-peers]");
      return room?.dataset.mesh === "complete" && Number(room.dataset.peers) === others;
    }, pages.length - 1)
  ));
}

/** Writes a line to everyone. */
export async function say(page: Page, text: string): Promise<void> {
  await page.locator("textarea").fill(text);
  await page.locator("textarea + button").click();
}

/** Waits until `text` is in the page's chat. */
export async function untilHeard(page: Page, text: string): Promise<void> {
  await until(page, `the line “${text}”`, (text) => {
    const lines = document.querySelectorAll<HTMLElement>("[role=log] .lines");
    return [...lines].some(({ innerText }) => innerText === text);
  }, text);
}

function readLink(): string | undefined {
  return document.querySelector<HTMLInputElement>("[data-session-link]")?.value;
}

/** Waits until the page's room says that its session is `state`. */
export async function untilSessionState(page: Page, state: string): Promise<void> {
  await until(page, `a session that is ${state}`, (state) => {
    return document.querySelector(`[data-session-state=${state}]`);
  }, state);
}
