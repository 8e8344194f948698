import { assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { countTraffic } from "../mesh/counted_server.ts";
import { joinSession, startSession, untilComplete } from "./room.ts";
import { type Stage, testInChromium, testInFirefox, until } from "./stage.ts";

/** Lets the pages of `origin` use the camera and the microphone; Firefox in the tests always does. */
async function allowDevices(page: Page, origin: string): Promise<void> {
  const isChromium = (await page.browser().version()).includes("Chrome");
  if (isChromium) await page.browserContext().overridePermissions(origin, ["camera", "microphone"]);
}

/** Presses the call's button with that text by the keyboard, once it can be pressed. */
async function press(page: Page, text: string): Promise<void> {
  // Firefox gives keys only to the page in front.
  await page.bringToFront();
  await until(page, `a button “${text}”`, (text) => {
    const buttons = [...document.querySelectorAll<HTMLButtonElement>(".call button:enabled")];
    const button = buttons.find(({ innerText }) => innerText.includes(text));
    button?.focus();
    return button && document.activeElement === button;
  }, text);
  await page.keyboard.press("Enter");
}

/** Waits until the page plays the pictures of `count` other people: a size comes with the first frame. */
async function untilSeen(page: Page, count: number): Promise<void> {
  await until(page, `${count} videos that play`, (count) => {
    const videos = [...document.querySelectorAll<HTMLVideoElement>(
      ".tile[data-mine=false][data-camera=true] video",
    )];
    const isPlaying = ({ videoWidth, currentTime, paused }: HTMLVideoElement) =>
      videoWidth > 0 && currentTime > 0.5 && !paused;
    return videos.filter(isPlaying).length === count && videos.length === count;
  }, count);
}

async function playCall(stage: Stage, kinds: readonly ("chromium" | "firefox")[]): Promise<void> {
  const counted = countTraffic(await stage.serve());
  stage.defer(() => counted[Symbol.asyncDispose]());
  const pages: Page[] = [];
  for (const kind of kinds) pages.push(await stage.open(kind));
  for (const page of pages) await allowDevices(page, counted.origin);
  const [host, guest, third, late] = pages;
  const { pathname, hash } = new URL(await startSession(host, counted));
  const link = counted.origin + pathname + hash;
  await joinSession(guest, link);
  await joinSession(third, link);
  await untilComplete([host, guest, third]);
  const quiet = new Map(counted.counts);

  await press(guest, "Start a call");
  await press(guest, "Camera");
  for (const page of [host, third]) {
    await press(page, "Join the call");
    await untilSeen(page, 1);
  }
  await press(host, "Camera");
  await press(host, "Microphone");
  await untilSeen(guest, 1);
  await untilSeen(third, 2);
  // A refill of the pool may still have been on its way.
  const ours = ([what]: [string, number]) => !/deposit|want|status/.test(what);
  assertEquals([...counted.counts].filter(ours), [...quiet].filter(ours));

  if (late) {
    await joinSession(late, link);
    await untilComplete(pages);
    await press(late, "Join the call");
    await untilSeen(late, 2);
  }
  const watching = pages.slice(2);
  await press(guest, "Camera");
  for (const page of watching) await untilSeen(page, 1);
  await press(guest, "Camera");
  for (const page of watching) await untilSeen(page, 2);
  await press(host, "Hang up");
  for (const page of watching) await untilSeen(page, 1);
}

testInChromium(
  "a camera is seen by all who join the call, also later, until it is off",
  (stage) => playCall(stage, ["chromium", "chromium", "chromium", "chromium"]),
);

testInFirefox(
  "Chromium and Firefox see each other in a call",
  (stage) => playCall(stage, ["chromium", "firefox", "chromium"]),
);

testInFirefox(
  "a call that is hosted in Firefox",
  (stage) => playCall(stage, ["firefox", "chromium", "chromium"]),
);

testInChromium("who may not use the camera is told what to do", async (stage) => {
  const server = await stage.serve();
  const [host, guest] = [await stage.open(), await stage.open()];
  const link = await startSession(host, server);
  await joinSession(guest, link);
  await press(guest, "Start a call");
  await press(guest, "Camera");
  await until(
    guest,
    "the reason",
    () =>
      document.querySelector(".call .problem")?.textContent?.includes(
        "does not let this page use your camera",
      ),
  );
  await until(
    host,
    "the guest in the call",
    () => document.querySelector(".call")?.textContent?.includes("is in a call"),
  );
});
