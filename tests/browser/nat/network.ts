/**
 * A small internet in network namespaces: two homes behind routers of their own, and a public place.
 *
 *   peer 10.0.1.2 -- router (NAT) 198.51.100.2 -- public 198.51.100.1 = 203.0.113.1 -- 203.0.113.2 router -- 10.0.2.2 peer
 */
import { delay } from "../../../lib/signalling/delay.ts";

/** Where the servers are; the peers reach it through their routers. */
export const PUBLIC_ADDRESS = "198.51.100.1";

/**
 * What a router does to its home.
 * `cone`: a port of a peer has one port outside, whoever the other side is (RFC 4787 section 4.1,
 * endpoint-independent mapping), and lets in only those who were written to.
 * `symmetric`: another port outside, by chance, for each other side.
 * `no-udp`: as `cone`, and only TCP goes through.
 */
export type Router = "cone" | "symmetric" | "no-udp";

export interface Network extends AsyncDisposable {
  /** Starts a program in the public place, or in the home of a peer; it ends with the network. */
  spawn(place: "public" | "a" | "b", command: string[], env?: Record<string, string>): Running;
  /** Resolves once something in the public place listens on this TCP port. */
  untilListening(port: number): Promise<void>;
}

/** A program that says something line by line, and ends on SIGTERM. */
export interface Running {
  /** The first line from here on that `fits`. */
  line(fits: (line: string) => boolean): Promise<string>;
}

/** Why there can be none here; null where there can. */
export async function explainNoNetwork(): Promise<string | null> {
  if (Deno.build.os !== "linux") return "network namespaces are Linux's";
  if (Deno.uid() !== 0) return "network namespaces need root";
  for (const [program, packaged] of [["ip", "iproute2"], ["nft", "nftables"]]) {
    if (!await succeeds([program, program === "ip" ? "-V" : "-v"])) {
      return `no ${program} here; Debian's package ${packaged} has it`;
    }
  }
  const name = `foyer-${crypto.randomUUID().slice(0, 8)}`;
  if (!await succeeds(["ip", "netns", "add", name])) {
    return "this kernel gives no network namespaces";
  }
  const hasNat = await run(["ip", "netns", "exec", name, "nft", "-f", "-"], writeRules("symmetric"))
    .then(() => true, () => false);
  await run(["ip", "netns", "del", name]);
  return hasNat ? null : "this kernel has no NAT by nftables";
}

export async function layNetwork(routers: { a: Router; b: Router }): Promise<Network> {
  await using building = new AsyncDisposableStack();
  const prefix = `foyer-${crypto.randomUUID().slice(0, 8)}`;
  const add = async (place: string): Promise<string> => {
    const name = `${prefix}-${place}`;
    await run(["ip", "netns", "add", name]);
    building.defer(() => run(["ip", "netns", "del", name]));
    await run(["ip", "-n", name, "link", "set", "lo", "up"]);
    return name;
  };
  const square = await add("public");
  await forward(square);
  for (
    const [place, outside, inside] of [["a", "198.51.100", "10.0.1"], ["b", "203.0.113", "10.0.2"]]
  ) {
    const router = await add(`router-${place}`);
    const peer = await add(place);
    await connect([square, `to-${place}`, `${outside}.1/24`], [router, "wan", `${outside}.2/24`]);
    await connect([router, "lan", `${inside}.1/24`], [peer, "lan", `${inside}.2/24`]);
    await run(["ip", "-n", router, "route", "add", "default", "via", `${outside}.1`]);
    await run(["ip", "-n", peer, "route", "add", "default", "via", `${inside}.1`]);
    await forward(router);
    const rules = writeRules(routers[place as "a" | "b"]);
    await run(["ip", "netns", "exec", router, "nft", "-f", "-"], rules);
  }
  const ends = building.move();
  return {
    spawn(place, command, env = {}) {
      const { running, stop } = start(`${prefix}-${place}`, command, env);
      ends.defer(stop);
      return running;
    },
    async untilListening(port) {
      const socket = new RegExp(`:${port.toString(16).toUpperCase().padStart(4, "0")} \\S+ 0A `);
      const read = ["netns", "exec", square, "cat", "/proc/net/tcp"];
      while (true) {
        const { stdout } = await new Deno.Command("ip", { args: read }).output();
        if (socket.test(new TextDecoder().decode(stdout))) return;
        await delay(20);
      }
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** A router says nothing to strangers: what it answered would stand in the way of its own peer. */
function writeRules(router: Router): string {
  return `
    table ip foyer {
      chain out {
        type nat hook postrouting priority srcnat;
        oifname "wan" masquerade ${router === "symmetric" ? "random,fully-random" : ""}
      }
      chain in {
        type filter hook input priority filter;
        iifname "wan" ct state new drop
      }
      chain through {
        type filter hook forward priority filter;
        ${router === "no-udp" ? "meta l4proto udp drop" : ""}
      }
    }`;
}

type End = [namespace: string, device: string, address: string];

async function connect(near: End, far: End): Promise<void> {
  await run(
    ["ip", "-n", near[0], "link", "add", near[1], "type", "veth", "peer", far[1], "netns", far[0]],
  );
  for (const [namespace, device, address] of [near, far]) {
    await run(["ip", "-n", namespace, "addr", "add", address, "dev", device]);
    await run(["ip", "-n", namespace, "link", "set", device, "up"]);
  }
}

async function forward(namespace: string): Promise<void> {
  const command = "echo 1 > /proc/sys/net/ipv4/ip_forward";
  await run(["ip", "netns", "exec", namespace, "sh", "-c", command]);
}

function start(namespace: string, command: string[], env: Record<string, string>) {
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, ...command],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const words = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines())
    .getReader();
  const running: Running = {
    async line(fits) {
      while (true) {
        const { value, done } = await lines.read();
        if (done) throw new Error(`${command.join(" ")} ended: ${await words}`);
        if (fits(value)) return value;
      }
    },
  };
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch {
      // It has ended by itself; whoever waits for a line of it is told.
    }
  };
  const stop = async () => {
    signal("SIGTERM");
    const end = setTimeout(() => signal("SIGKILL"), GOODBYE_MS);
    // A pipe that nobody empties would hold it up.
    while (!(await lines.read()).done);
    await child.status;
    clearTimeout(end);
    await words;
  };
  return { running, stop };
}

/** For a program to end by itself, in milliseconds. */
const GOODBYE_MS = 5_000;

function splitLines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      lines.forEach((line) => controller.enqueue(line));
    },
  });
}

function succeeds(command: string[]): Promise<boolean> {
  return run(command).then(() => true, () => false);
}

/** @throws with what the program complained of. */
async function run([program, ...args]: string[], input = ""): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stderr } = await child.output();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}
