/** Cuts the paths of connections: the kernel drops what comes to their ports. */
import type { Page } from "puppeteer-core";
import type { Stage } from "../browser/stage.ts";
import "./clients.ts";

const TOOLS = ["iptables", "ip6tables"];

/** Why no path can be cut here; null where it can. */
export async function explainNoCuts(): Promise<string | null> {
  for (const tool of TOOLS) {
    if (!await run(tool, "-w", "-n", "-L", "INPUT")) return `${tool} needs to be here, and root`;
  }
  return null;
}

/** The ports of those connections of `page` whose place in `connections` is in `which`, or of all. */
export async function listPorts(page: Page, which?: number[]): Promise<string[]> {
  return await page.evaluate((which) => {
    const chosen = which ? which.map((i) => connections[i]) : connections;
    const candidates = chosen.flatMap((
      connection,
    ) => [...connection.localDescription?.sdp.matchAll(/^a=candidate:.* (\d+) typ host/gm) ?? []]);
    return [...new Set(candidates.map(([, port]) => port))].filter((port) => port !== "9");
  }, which);
}

/** Cuts the paths that use the `ports` until the test ends. A new path has other ports, and is not cut. */
export async function cutPaths(stage: Stage, ports: string[]): Promise<void> {
  const rules = ports.flatMap((port) =>
    TOOLS.flatMap((tool) => [
      { tool, rule: ["INPUT", "-p", "udp", "--dport", port, "-j", "DROP"] },
      { tool, rule: ["OUTPUT", "-p", "udp", "--sport", port, "-j", "DROP"] },
    ])
  );
  for (const { tool, rule } of rules) {
    stage.defer(() => run(tool, "-w", "-D", ...rule));
    await run(tool, "-w", "-I", ...rule);
  }
}

async function run(tool: string, ...args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command(tool, { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch {
    return false;
  }
}
