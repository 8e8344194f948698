/** Those who do to a server what nobody should. Each step is one input or a few. */
import type { Random } from "../cluster/history/random.ts";
import { within } from "../contract/harness.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { CLOSE } from "../../lib/protocol/wire.ts";
import { exchange, judge } from "./exchange.ts";
import { encode, mutateJson, mutateText } from "./mutate.ts";
import { makeFrame, openWireSocket, type WireSocket } from "./wire_socket.ts";

/** Longest wait for what a server does at once, in milliseconds. Reached only when a test fails. */
const PATIENCE = 60_000;

/** A session that is there while others are cut down. */
interface Session {
  id: string;
  key: string;
  succession: string;
  socket: WireSocket;
  offers: string[];
}

export interface Stage {
  readonly port: number;
  /** Requests, handshakes and frames so far. */
  inputs: number;
  /** What was wrong, with the input that showed it. */
  readonly faults: string[];
  readonly live: Session[];
  /** Ids of sessions that are over. */
  readonly over: string[];
}

/** Does one thing, by chance. */
export async function act(stage: Stage, random: Random): Promise<void> {
  await random.pick([request, request, request, join, join, hold, hold, host])(stage, random);
}

const METHODS = "GET GET GET POST POST POST HEAD OPTIONS PUT DELETE PATCH TRACE FOO get".split(" ");
const TYPES = [
  "application/json",
  "text/plain;charset=UTF-8",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "",
  "a".repeat(2_000),
];
const HEADERS: [name: string, values: string[]][] = [
  ["Accept", [
    "application/json",
    "text/html",
    "*/*;q=0",
    "text/html;q=nan, application/json;q=-1",
    ",;,;q=",
    "text/html,".repeat(300),
  ]],
  ["Accept-Encoding", ["gzip", "br;q=0, gzip", "identity;q=0", "*", "gzip;;q=,"]],
  ["Origin", ["null", "https://a.example", "https://a.example\tb", "a".repeat(3_000)]],
  ["Upgrade", ["websocket", "WebSocket", "h2c", "websocket, websocket"]],
  ["Sec-WebSocket-Key", ["", "x", "dGhlIHNhbXBsZSBub25jZQ=="]],
  ["Sec-WebSocket-Version", ["13", "8", "-1", ""]],
  ["Sec-WebSocket-Protocol", ["foyer", ",,", "a".repeat(500)]],
  ["Sec-Purpose", ["prefetch", "prefetch;prerender", "__proto__"]],
  ["X-Forwarded-For", ["1.2.3.4", "::ffff:1.2.3.4", "a,,b", "%00", "[::]:1, ".repeat(50)]],
  ["X-Forwarded-Proto", ["https", "javascript", "https,http"]],
  ["If-None-Match", ["*", '"x"', "W/".repeat(100)]],
  ["Range", ["bytes=0-0", "bytes=-1", "bytes=9-1"]],
  ["Expect", ["100-continue", "200"]],
  ["Cookie", ["a=b; ".repeat(200)]],
  ["Access-Control-Request-Method", ["POST", "\u00e9"]],
];
const HOSTS = [
  "fuzz",
  "",
  "a b",
  "[::1",
  "[::1]:80",
  "x".repeat(300),
  "fuzz:99999",
  "a/../b",
  "\u00e9",
];
const PATHS = [
  "/",
  "/check",
  "/client.js",
  "/client.js?v=__proto__",
  "/client.global.js",
  "/client.check.js",
  "/healthz",
  "/metrics",
  "/assets/",
  "/assets/../main.ts",
  "/assets/client-AAAAAAAAAA.js",
  "/favicon.ico",
  "/__proto__",
  "/constructor",
  "//",
  "/%",
  "/%00",
  "/%ff%fe",
  "/%2e%2e/%2e%2e/main.ts",
  "/?".repeat(500),
  "/" + "a".repeat(10_000),
  "*",
  "http://elsewhere.example/check",
];

/** One request that is near a good one, or far from it. */
async function request(stage: Stage, random: Random): Promise<void> {
  const method = random.pick(METHODS);
  const id = pickId(stage, random);
  let path = random.oneIn(3) ? random.pick(PATHS) : `/${id}`;
  if (random.oneIn(8)) {
    path += random.pick(["/", "?a=b", "#x", "/x", "%20", ";", "\\", "/../", "?" + id]);
  }
  if (random.oneIn(20)) path = mutateText(random, path).replace(/[\r\n ]/g, "");
  const session = stage.live.find((session) => session.id === id);
  const body = random.oneIn(3) && method !== "POST" ? new Uint8Array() : encode(
    random,
    mutateJson(random, {
      sessionId: id,
      offer: random.pick(session?.offers ?? ["an offer"]),
      answer: random.oneIn(4) ? null : "an answer",
      leaseExpiresAt: Date.now() + random.below(60_000),
    }),
  );
  const headers: string[] = [`Content-Type: ${random.pick(TYPES)}`];
  for (const [name, values] of HEADERS) {
    if (random.oneIn(6)) headers.push(`${name}: ${random.pick(values)}`);
  }
  if (random.oneIn(40)) headers.push(mutateText(random, "X-Any: thing").replace(/[\r\n]/g, ""));
  await send(stage, random, { method, path, headers, body });
}

interface Message {
  method: string;
  path: string;
  headers: string[];
  body: Uint8Array<ArrayBuffer>;
}

async function send(stage: Stage, random: Random, message: Message) {
  const { method, path, headers, body } = message;
  const length = random.oneIn(40)
    ? random.pick([
      "Content-Length: 1",
      "Content-Length: -1",
      "Content-Length: 9e9",
      "Transfer-Encoding: x",
    ])
    : `Content-Length: ${body.length}`;
  const host = random.oneIn(12) ? random.pick(HOSTS) : "fuzz";
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: close",
    ...headers,
    length,
  ].join("\r\n");
  stage.inputs++;
  const answer = await exchange(stage.port, head, body);
  const fault = judge(answer);
  if (fault) {
    const shown = `${head.slice(0, 1_200)}\n\n${new TextDecoder().decode(body).slice(0, 800)}`;
    stage.faults.push(`${fault}: ${answer.body.slice(0, 300)}\nto ${shown}`);
  }
  return answer;
}

/** A joiner who goes half of the way as it should. */
async function join(stage: Stage, random: Random): Promise<void> {
  const sessionId = pickId(stage, random);
  const path = `/${sessionId}`;
  const asking = {
    method: "GET",
    path,
    headers: ["Accept: application/json"],
    body: new Uint8Array(),
  };
  const { status, body } = await send(stage, random, asking);
  if (status !== 200) return;
  const invitation = readJson(body);
  if (!invitation?.offer) return;
  const { offer, leaseExpiresAt } = invitation;
  const answer = random.oneIn(3) ? null : `answer ${makeId()}`;
  const good = { sessionId, offer, answer, leaseExpiresAt };
  const text = random.oneIn(3) ? JSON.stringify(good) : mutateJson(random, good);
  const headers = [`Content-Type: ${random.oneIn(9) ? random.pick(TYPES) : "application/json"}`];
  for (let times = 1 + random.below(2); times > 0; times--) {
    await send(stage, random, { method: "POST", path, headers, body: encode(random, text) });
  }
}

/** A body of unknown length comes in chunks. */
function readJson(body: string) {
  try {
    return JSON.parse(body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1));
  } catch {
    return undefined;
  }
}

/** Keeps a few sessions alive: starts one, and ends the oldest as one of the ways there are. */
async function host(stage: Stage, random: Random): Promise<void> {
  if (stage.live.length >= 6 && !random.oneIn(10)) return;
  const id = makeId();
  const [key, succession] = [makeId(), makeId()];
  const socket = await openWireSocket(stage.port, `/${id}`);
  stage.inputs += 2;
  if (!socket) return void stage.faults.push("a good handshake was refused");
  const offers = Array.from({ length: 1 + random.below(16) }, () => `offer ${makeId()}`);
  const connections = offers.map((offer) => ({ offer, answer: null }));
  await socket.write(frameOf({ sessionId: id, connections, key, succession }));
  if (!await within("a welcome", socket.next("welcome"), PATIENCE)) {
    return void stage.faults.push(`a good session was closed with ${await socket.closed}`);
  }
  const session = { id, key, succession, socket, offers };
  stage.live.push(session);
  // Whatever the others do to it, it may only go for a reason that is documented.
  socket.closed.then((code) => judgeClose(stage, code, `the socket of ${id}`));
  if (stage.live.length > 6) await leave(stage, stage.live.shift()!, random);
}

export async function leave(stage: Stage, { id, socket }: Session, random: Random): Promise<void> {
  if (random.oneIn(2)) await socket.write(frameOf({ type: "end" }));
  stage.over.push(id);
  if (stage.over.length > 20) stage.over.shift();
  await socket.drop();
}

/** A primary's socket, or what pretends to be one, that says one thing after the other. */
async function hold(stage: Stage, random: Random): Promise<void> {
  const sessionId = pickId(stage, random);
  const session = stage.live.find(({ id }) => id === sessionId);
  stage.inputs++;
  const socket = await openWireSocket(stage.port, `/${sessionId}`);
  if (!socket) return;
  const said: string[] = [];
  const connections = Array.from(
    { length: 1 + random.below(4) },
    () => ({ offer: random.pick([...session?.offers ?? [], `offer ${makeId()}`]), answer: null }),
  );
  const deposit = {
    sessionId,
    connections,
    ...random.oneIn(2) && { key: random.oneIn(12) && session ? session.key : makeId() },
    ...random.oneIn(3) && { target: "https://a.example/hall" },
    ...random.oneIn(3) && { succession: makeId() },
    ...random.oneIn(4) &&
      { takeOver: { succession: session?.succession ?? makeId(), term: 1 + random.below(3) } },
  };
  let isDisguised = false;
  const frames: unknown[] = [deposit];
  for (let more = random.below(5); more > 0; more--) {
    frames.push(random.pick<unknown>([
      deposit,
      { type: "received", ids: [makeId()] },
      { type: "end" },
      { type: "welcome", key: "x" },
      { type: "__proto__" },
    ]));
  }
  for (const [i, frame] of frames.entries()) {
    const isGood = i === 0 && random.oneIn(2);
    const text = isGood ? JSON.stringify(frame) : mutateJson(random, frame);
    said.push(text.slice(0, 500));
    stage.inputs++;
    const bytes = encode(random, text);
    const isPlain = isGood || !random.oneIn(5);
    if (!isPlain) isDisguised = true;
    if (!await socket.write(isPlain ? makeFrame(bytes) : disguise(random, bytes))) break;
  }
  // Something is said to this, unless a frame before it swallowed what followed.
  await socket.write(frameOf({ type: "no such thing" }));
  stage.inputs++;
  const answered = Promise.race([socket.next("error"), socket.closed]);
  if (!isDisguised && !random.oneIn(5)) {
    await within(`a word to ${said.join("\n")}`, answered, PATIENCE);
  }
  await socket.drop();
  judgeClose(stage, await socket.closed, said.join("\n"));
}

/**
 * Ends that are documented, and those of RFC 6455 section 7.4.1 that the client brings upon itself.
 * 1012: come back; so a primary hears whose successor is gone already.
 */
const ENDS: readonly number[] = [
  1000,
  1001,
  1002,
  1003,
  1006,
  1007,
  1009,
  1012,
  ...Object.values(CLOSE),
];

function judgeClose(stage: Stage, code: number, what: string): void {
  if (!ENDS.includes(code)) stage.faults.push(`a socket closed with ${code} after ${what}`);
}

/** `payload` in pieces, or as a frame that RFC 6455 forbids. */
function disguise(random: Random, payload: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const half = payload.length >> 1;
  const fragments =
    () => [makeFrame(payload.slice(0, half), 0x01), makeFrame(payload.slice(half), 0x80)];
  switch (random.below(10)) {
    case 0:
    case 1:
      return join(fragments());
    case 2:
      return makeFrame(payload, 0x82);
    case 3:
      return makeFrame(payload, random.pick([0x83, 0x8b, 0xc1, 0xf1, 0x80, 0x00, 0x01]));
    case 4:
      return join([fragments()[0], makeFrame(new Uint8Array(4), 0x89), fragments()[1]]);
    case 5:
      return makeFrame(payload.slice(0, 200), random.pick([0x88, 0x89, 0x8a]));
    case 6:
      return makeFrame(Uint8Array.from([random.below(256), random.below(256)]), 0x88);
    case 7:
      // Says that it is longer than anything there is.
      return Uint8Array.from([0x81, 0xff, ...Array(8).fill(random.pick([0x7f, 0xff])), 0, 0, 0, 0]);
    case 8:
      return Uint8Array.from([0x81, Math.min(payload.length, 125), ...payload.slice(0, 125)]);
    default:
      return makeFrame(
        random.oneIn(20) ? new Uint8Array(600_000).fill(0x20) : payload.slice(0, half),
      );
  }

  function join(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
  }
}

function frameOf(value: unknown): Uint8Array<ArrayBuffer> {
  return makeFrame(new TextEncoder().encode(JSON.stringify(value)));
}

function pickId({ live, over }: Stage, random: Random): string {
  if (live.length > 0 && random.oneIn(2)) return random.pick(live).id;
  if (over.length > 0 && random.oneIn(2)) return random.pick(over);
  return makeId(15);
}
