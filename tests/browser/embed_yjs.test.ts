/** Shared editing between real browsers. */
import { assertEquals } from "@std/assert";
import type { Page } from "puppeteer-core";
import { servePages } from "./pages.ts";
import { type Stage, testInChromium, until } from "./stage.ts";
import type { Writing } from "./yjs_page.ts";

declare global {
  var writing: Writing;
}

/** More than fits a frame of the data channel. */
const LONG = 200_000;

const bundled = bundlePage();

async function bundlePage(): Promise<string> {
  const page = new URL("yjs_page.ts", import.meta.url).pathname;
  const args = ["bundle", "--quiet", "--platform", "browser", page];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

/** A server, and one page for each of the `names`, all in one session. */
async function meet(stage: Stage, ...names: string[]) {
  const { origin } = await stage.serve();
  const script = (await bundled).replaceAll("</script", "<\\/script");
  const site = servePages({ "/": `<body><script type="module">${script}</script>` });
  stage.defer(site.stop);
  const open = async () => {
    const page = await stage.open();
    await page.goto(site.origin);
    return page;
  };
  const host = await open();
  const link = await host.evaluate((...args) => writing.host(...args), origin, names[0]);
  const join = async (name: string) => {
    const page = await open();
    await page.evaluate((...args) => writing.join(...args), link, name);
    return page;
  };
  return { link, join, pages: [host, ...await Promise.all(names.slice(1).map(join))] };
}

const seeNames = (page: Page, names: string) =>
  until(page, `the names ${names}`, (names) => writing.names() === names, names);

async function readSame(pages: Page[], length: number): Promise<string> {
  const texts = await Promise.all(pages.map(async (page) => {
    await until(page, `${length} letters`, (length) => writing.read().length === length, length);
    return await page.evaluate(() => writing.read());
  }));
  assertEquals(texts, texts.map(() => texts[0]));
  return texts[0];
}

testInChromium(
  "three write at once and read the same, and so does who comes later",
  async (stage) => {
    const { pages, join } = await meet(stage, "Ada", "Bob", "Cyd");
    await Promise.all(pages.map((page) => seeNames(page, "Ada Bob Cyd")));
    await Promise.all(
      pages.map((page, i) => page.evaluate((letter) => writing.write(letter, 40), "abc"[i])),
    );
    const text = await readSame(pages, 120);
    assertEquals([..."abc"].map((letter) => text.split(letter).length - 1), [40, 40, 40]);

    const dan = await join("Dan");
    assertEquals(await readSame([...pages, dan], 120), text);
    await seeNames(dan, "Ada Bob Cyd Dan");
    await seeNames(pages[0], "Ada Bob Cyd Dan");
    await pages[2].close();
    await Promise.all([dan, ...pages.slice(0, 2)].map((page) => seeNames(page, "Ada Bob Dan")));

    await dan.evaluate(() => writing.session!.broadcast("said"));
    for (const page of pages.slice(0, 2)) {
      await until(page, "Dan's word", () => writing.heard.length > 0);
      assertEquals(
        await page.evaluate(() => writing.heard),
        ["said"],
        "no message of the document",
      );
    }
  },
);

testInChromium("what was written alone is there after the return", async (stage) => {
  const { link, pages: [host, guest] } = await meet(stage, "Ada", "Bob");
  await host.evaluate(() => writing.write("a", 3));
  await readSame([host, guest], 3);
  await guest.evaluate(() => writing.session!.close());
  await seeNames(host, "Ada");
  await seeNames(guest, "Bob");
  await guest.evaluate(() => writing.write("b", 4));
  await host.evaluate((longer) => writing.write("a".repeat(longer), 1), LONG);
  await guest.evaluate((link) => writing.join(link, "Bob"), link);
  await readSame([host, guest], 7 + LONG);
  await seeNames(host, "Ada Bob");
});
