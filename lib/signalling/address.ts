/** Internet addresses: who a request is from, whom to believe about that, and who counts as one. */

/** How many proxies stand before this server, or the networks that they are in. */
export type Proxies = number | readonly Network[];

/** A CIDR block (RFC 4632, RFC 4291 section 2.3). */
export interface Network {
  bits: bigint;
  length: number;
}

const V4 = 0xffffn << 32n;
const WIDTH = 128;

/** An address as 128 bits, IPv4 as ::ffff:0:0/96 (RFC 4291 section 2.5.5.2); null where it is none. */
export function parseAddress(text: string): bigint | null {
  const dotted = text.match(/^(?:(.*):)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/);
  if (dotted) {
    const bytes = dotted.slice(2).map(Number);
    if (bytes.some((byte) => byte > 255)) return null;
    const [a, b, c, d] = bytes;
    const v4 = BigInt(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
    if (dotted[1] === undefined) return V4 | v4;
    return parseAddress(`${dotted[1]}:${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const halves = text.replace(/%.*$/, "").split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half) => half === "" ? [] : half.split(":"));
  const zeros = 8 - head.length - (tail?.length ?? 0);
  if (tail ? zeros < 1 : zeros !== 0) return null;
  const groups = [...head, ...Array<string>(zeros).fill("0"), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((bits, group) => bits << 16n | BigInt(parseInt(group, 16)), 0n);
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; null where it is none. */
export function parseNetwork(text: string): Network | null {
  const [address, suffix, ...rest] = text.split("/");
  const bits = parseAddress(address);
  if (bits === null || rest.length > 0) return null;
  const most = address.includes(":") ? WIDTH : 32;
  if (suffix === undefined) return { bits, length: WIDTH };
  if (!/^\d{1,3}$/.test(suffix) || Number(suffix) > most) return null;
  return { bits, length: WIDTH - most + Number(suffix) };
}

/**
 * The address that a request came from: `remote` is the other end of its connection, and `forwarded` its
 * X-Forwarded-For, to which each proxy adds whom it was asked by. Only what trusted proxies added is
 * believed; what comes before that anybody may have written.
 */
export function findClient(remote: string, forwarded: string | null, proxies: Proxies): string {
  if (typeof proxies === "number" ? proxies === 0 : proxies.length === 0) return remote;
  // What one proxy writes, mostly: the long way costs a tenth of a request that is turned away.
  if (typeof proxies === "number" && forwarded && PLAIN.test(forwarded)) return forwarded;
  let client = remote;
  let hops = 0;
  for (const entry of (forwarded ?? "").split(",").reverse().map(dropPort)) {
    if (parseAddress(entry) === null || !isProxy(client, hops++)) break;
    client = entry;
  }
  return client;

  function isProxy(address: string, hops: number): boolean {
    if (typeof proxies === "number") return hops < proxies;
    const bits = parseAddress(address);
    return bits !== null && proxies.some((network) => isIn(bits, network));
  }
}

const PLAIN = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** One IPv6 subscriber has a whole /64 (RFC 6177), so that counts as one address. */
export function groupAddress(address: string): string {
  if (!address.includes(":")) return address;
  const bits = parseAddress(address);
  if (bits === null) return address;
  if (bits >> 32n === V4 >> 32n) {
    return [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join(".");
  }
  return `${(bits >> 64n).toString(16)}::/64`;
}

function isIn(bits: bigint, { bits: network, length }: Network): boolean {
  const rest = BigInt(WIDTH - length);
  return bits >> rest === network >> rest;
}

/** Some proxies write `192.0.2.1:1234` or `[2001:db8::1]:1234`. */
function dropPort(entry: string): string {
  const text = entry.trim();
  return text.match(/^\[(.*)\](?::\d+)?$/)?.[1] ?? text.replace(/^([\d.]+):\d+$/, "$1");
}
