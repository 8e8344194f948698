/** What an operator may set, with the words for a value that cannot be meant. */
import type { IceServer } from "../protocol/wire.ts";
import { parseNetwork, type Proxies } from "./address.ts";

export interface Settings {
  /** How long a leased offer waits for its answer, in milliseconds. */
  leaseTime: number;
  /** How long a session outlives its primary's socket, in milliseconds. */
  graceTime: number;
  /** Requests of one address in a minute; 0: no limits by address or session. */
  limitPerMinute: number;
  /** Sockets of primaries that one address has open at a time; 0: no limit. */
  sessionsPerAddress: number;
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: Proxies;
  /** Origins that may call from another site, or "*". */
  allowedOrigins: Origins;
  /** Origins a session may redirect to, or "*". */
  targetOrigins: Origins;
  iceServers: IceServer[];
  /**
   * TURN servers that share `secret` (coturn's use-auth-secret), or null. `time`: how long a credential
   * may be used to allocate, in milliseconds.
   */
  turn: { urls: string[]; secret: string; time: number } | null;
  /** Whether the store is reached over KV Connect. */
  isStoreRemote: boolean;
}

export type Origins = "*" | readonly string[];

export const DEFAULTS: Settings = {
  leaseTime: 30_000,
  graceTime: 60_000,
  limitPerMinute: 12_000,
  sessionsPerAddress: 4_000,
  trustedProxies: 0,
  allowedOrigins: "*",
  targetOrigins: "*",
  iceServers: [{ urls: "stun:stun.l.google.com:19302" }],
  turn: null,
  isStoreRemote: false,
};

/** Twelve hours: a session seldom needs a second credential. */
const TURN_TIME = 12 * 3_600_000;

export interface Environment {
  [name: string]: string | undefined;
}

/** @throws {RangeError} with a sentence that names the variable whose value is bad. */
export function readSettings(env: Environment): Settings {
  return {
    leaseTime: readNumber(env, "LEASE_SECONDS", DEFAULTS.leaseTime / 1_000, 1, 3_600) * 1_000,
    graceTime: readNumber(env, "GRACE_SECONDS", DEFAULTS.graceTime / 1_000, 0, 86_400) * 1_000,
    limitPerMinute: readInteger(env, "LIMIT_PER_MINUTE", DEFAULTS.limitPerMinute, 0, 1e9),
    sessionsPerAddress: readInteger(
      env,
      "SESSIONS_PER_ADDRESS",
      DEFAULTS.sessionsPerAddress,
      0,
      1e9,
    ),
    trustedProxies: readProxies(env),
    allowedOrigins: readOrigins(env, "ALLOWED_ORIGINS"),
    targetOrigins: readOrigins(env, "TARGET_ORIGINS"),
    iceServers: readIceServers(env),
    turn: readTurn(env),
    isStoreRemote: readKvPath(env)?.includes("://") ?? false,
  };
}

/** @throws {RangeError} as `readSettings`. */
export function readAddress(env: Environment): { hostname: string; port: number } {
  return { hostname: env.HOST || "0.0.0.0", port: readInteger(env, "PORT", 8000, 0, 65_535) };
}

/** The path or address for `Deno.openKv`. @throws {RangeError} as `readSettings`. */
export function readKvPath(env: Environment): string | undefined {
  const path = env.DENO_KV_PATH || undefined;
  if (path?.includes("://")) {
    readUrl("DENO_KV_PATH", path, ["http:", "https:"]);
    if (!env.DENO_KV_ACCESS_TOKEN) {
      fail("DENO_KV_ACCESS_TOKEN", undefined, "set, because DENO_KV_PATH is a KV Connect address");
    }
  }
  return path;
}

function readNumber(env: Environment, name: string, unset: number, least: number, most: number) {
  const text = env[name]?.trim();
  if (!text) return unset;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) {
    fail(name, text, `a number from ${least} to ${most}`);
  }
  return value;
}

function readInteger(env: Environment, name: string, unset: number, least: number, most: number) {
  const value = readNumber(env, name, unset, least, most);
  if (!Number.isInteger(value)) fail(name, env[name], `a whole number from ${least} to ${most}`);
  return value;
}

/** A number of proxies, or the networks that they are in. */
function readProxies(env: Environment): Proxies {
  const text = env.TRUSTED_PROXIES?.trim();
  if (!text) return DEFAULTS.trustedProxies;
  if (/^\d$/.test(text)) return Number(text);
  return text.split(/[\s,]+/).filter(Boolean).map((part) =>
    parseNetwork(part) ??
      fail(
        "TRUSTED_PROXIES",
        part,
        "how many proxies there are (0 to 9), or networks such as 10.0.0.0/8",
      )
  );
}

function readOrigins(env: Environment, name: string): Origins {
  const text = env[name]?.trim();
  if (!text || text === "*") return "*";
  return text.split(/[\s,]+/).filter(Boolean).map((part) => {
    const url = readUrl(name, part, ["http:", "https:"]);
    if (part.replace(/\/$/, "").toLowerCase() !== url.origin) {
      fail(name, part, `origins such as https://example.com, or "*"`);
    }
    return url.origin;
  });
}

function readIceServers(env: Environment): IceServer[] {
  const text = env.ICE_SERVERS?.trim();
  if (!text) return DEFAULTS.iceServers;
  const meant = `a JSON array of RTCIceServer, such as [{"urls":"stun:stun.example.com"}]`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    fail("ICE_SERVERS", text, meant);
  }
  if (!Array.isArray(value)) fail("ICE_SERVERS", text, meant);
  for (const server of value) {
    const urls: unknown = server?.urls;
    const all = Array.isArray(urls) ? urls : [urls];
    if (all.length === 0 || !all.every((url) => typeof url === "string" && isIceUrl(url))) {
      fail("ICE_SERVERS", text, meant);
    }
  }
  return value;
}

function readTurn(env: Environment): Settings["turn"] {
  const urls = env.TURN_URLS?.trim();
  const secret = env.TURN_SECRET;
  if (!urls && !secret) return null;
  if (!secret) fail("TURN_SECRET", undefined, "set, because TURN_URLS is");
  if (!urls) fail("TURN_URLS", undefined, "set, because TURN_SECRET is");
  const list = urls.split(/[\s,]+/).filter(Boolean);
  for (const url of list) {
    if (!/^turns?:/.test(url) || !isIceUrl(url)) {
      fail("TURN_URLS", url, "addresses such as turn:turn.example.com:3478?transport=udp");
    }
  }
  const time = readNumber(env, "TURN_SECONDS", TURN_TIME / 1_000, 10, 604_800) * 1_000;
  return { urls: list, secret, time };
}

/** RFC 7064 (stun) and RFC 7065 (turn). */
function isIceUrl(url: string): boolean {
  return /^(stuns?|turns?):[^\s/?#@]+(\?transport=(udp|tcp))?$/.test(url);
}

function readUrl(name: string, text: string, protocols: string[]): URL {
  const url = URL.parse(text);
  if (!url || !protocols.includes(url.protocol)) {
    fail(name, text, `an address that begins with ${protocols.join("// or ")}//`);
  }
  return url;
}

function fail(name: string, value: string | undefined, meant: string): never {
  throw new RangeError(
    value === undefined
      ? `${name} must be ${meant}.`
      : `${name} must be ${meant}; it is ${JSON.stringify(value)}.`,
  );
}
