/** The arrows between the rooms of the house, held against the real import graph. */
import { assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);
const ENTRIES = [
  "main.ts",
  "routes/serve.ts",
  "lib/mesh/client.ts",
  "lib/mesh/client_global.ts",
  "lib/mesh/client_package.ts",
  "lib/mesh/yjs.ts",
  "lib/mesh/check_connection.ts",
  "islands/check.tsx",
  "islands/home.tsx",
  "islands/join.ts",
  "islands/room.tsx",
];

/** Which rooms a room may import from, beside itself. */
const ARROWS: Record<string, string[]> = {
  main: ["routes"],
  routes: ["signalling", "islands", "protocol", "build", "dist"],
  islands: ["mesh", "protocol"],
  signalling: ["protocol"],
  mesh: ["protocol"],
  build: [],
  dist: ["build"],
  protocol: [],
};

interface Graph {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
    }[];
  }[];
}

async function readGraph(): Promise<Map<string, { path: string; specifier: string }[]>> {
  const edges = new Map<string, { path: string; specifier: string }[]>();
  for (const entry of ENTRIES) {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", entry],
      cwd: root,
      stderr: "inherit",
    }).output();
    const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
    for (const { specifier, dependencies = [] } of modules.filter(isOurs)) {
      edges.set(
        pathOf(specifier),
        dependencies.map(({ specifier, code, type }) => ({
          specifier,
          path: pathOf(code?.specifier ?? type?.specifier ?? ""),
        })),
      );
    }
  }
  return edges;
}

const isOurs = ({ specifier }: { specifier: string }) => specifier.startsWith(root.href);
const pathOf = (specifier: string) => specifier.replace(root.href, "");
/** `routes/serve.ts` is what main.ts is, for `deno serve`. */
const roomOf = (path: string) =>
  ["main.ts", "routes/serve.ts"].includes(path) ? "main" : path.replace(/^lib\//, "").split("/")[0];

const graph = await readGraph();

Deno.test("imports only follow the arrows of the house", () => {
  const crossings = [...graph].flatMap(([path, imports]) =>
    imports
      .filter((to) => to.path in Object.fromEntries(graph) || to.path.startsWith("dist/"))
      .filter((to) =>
        roomOf(to.path) !== roomOf(path) && !ARROWS[roomOf(path)].includes(roomOf(to.path))
      )
      .map((to) => `${path} -> ${to.path}`)
  );
  assertEquals(crossings, []);
});

Deno.test("only routes know Hono, and only routes and islands know Preact", () => {
  const strangers = [...graph].flatMap(([path, imports]) =>
    imports
      .filter(({ specifier }) =>
        (/^hono/.test(specifier) && roomOf(path) !== "routes") ||
        (/^preact/.test(specifier) && !["routes", "islands"].includes(roomOf(path)))
      )
      .map(({ specifier }) => `${path} -> ${specifier}`)
  );
  assertEquals(strangers, []);
});

async function listFilesWith(pattern: RegExp): Promise<string[]> {
  const paths = [...graph.keys()].filter((path) => !path.startsWith("dist/"));
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, root))));
  return paths.filter((_, index) => pattern.test(texts[index]));
}

Deno.test("only main.ts reads the environment or opens KV", async () => {
  assertEquals(await listFilesWith(/Deno\.(env|openKv)\b[.(]/), ["main.ts"]);
});

Deno.test("only one file knows BroadcastChannel", async () => {
  assertEquals(await listFilesWith(/new BroadcastChannel/), ["lib/signalling/hint.ts"]);
});
