/** The client's npm package as `deno task build` leaves it; a Vite project uses it in browser/. */
import { assert, assertEquals, assertMatch } from "@std/assert";

const folder = new URL("../dist/package/", import.meta.url);
const read = (name: string) => Deno.readTextFile(new URL(name, folder));

const scripts = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
  name.endsWith(".js")
);

Deno.test("each export of the package has a module and its types", async () => {
  const { exports, version } = JSON.parse(await read("package.json"));
  const { default: config } = await import("../deno.json", { with: { type: "json" } });
  assertEquals(version, config.version);
  assertEquals(Object.keys(exports), [".", "./yjs", "./check"]);
  for (const { types, default: script } of Object.values<Record<string, string>>(exports)) {
    assertMatch(await read(types), /^export \{/m);
    assert(scripts.includes(script.replace("./", "")));
  }
});

Deno.test("the package's types name nothing but the package and what Yjs needs", async () => {
  for (const name of ["client_package.d.ts", "shared.d.ts", "yjs.d.ts", "check_connection.d.ts"]) {
    const sources = [...(await read(name)).matchAll(/\bfrom ['"](.*)['"]/g)].map(([, from]) =>
      from
    );
    const strangers = sources.filter((from) => !/^(\.\/|yjs$|y-protocols\/)/.test(from));
    assertEquals(strangers, []);
  }
});

Deno.test("each module of the package has a source map with the sources in it", async () => {
  for (const name of scripts) {
    assertMatch(await read(name), new RegExp(`sourceMappingURL=${name}.map`));
    const { sources, sourcesContent } = JSON.parse(await read(`${name}.map`));
    assertEquals(sourcesContent.length, sources.length);
    assertEquals(sources.filter((source: string) => !source.startsWith("../../lib/")), []);
  }
});

Deno.test("what a client needs later is a module that a bundler finds", async () => {
  const imported = (await Promise.all(scripts.map(read))).join("").match(
    /import\("\.\/(later.*?)"\)/,
  );
  assert(scripts.includes(imported![1]));
});
