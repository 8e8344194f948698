/** Inputs that nobody meant: made of good ones, and of what has surprised programs before. */
import type { Random } from "../cluster/history/random.ts";

/** JSON texts that stand for one value; some are none. */
const VALUES = [
  ..."null true false 0 -0 -1 1e309 -1e309 1e-400 9007199254740993 0.1 NaN 01 [] {} [[]] [null]"
    .split(
      " ",
    ),
  "9".repeat(400),
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\ud83d\ude00"',
  '"\\u2028</script>\\"><img src=x>"',
  '"__proto__"',
  '"constructor"',
  '{"__proto__":{"sessionId":1}}',
  '{"constructor":{"prototype":{"type":"end"}}}',
  '{"toString":null,"valueOf":null,"length":-1}',
  '{"0":"a","length":1}',
  `"${"a".repeat(15_000)}"`,
  `"${"a".repeat(15_001)}"`,
  `"${"\\u00e9".repeat(15_000)}"`,
  `"${"x".repeat(70_000)}"`,
  "[".repeat(5_000) + "]".repeat(5_000),
  `[${"null,".repeat(2_000)}null]`,
  '{"a":'.repeat(3_000) + "1" + "}".repeat(3_000),
];
const KEYS = [
  "__proto__",
  "constructor",
  "type",
  "sessionId",
  "offer",
  "answer",
  "connections",
  "key",
  "ids",
  "takeOver",
  "succession",
  "term",
  "target",
  "leaseExpiresAt",
  "",
  "\0",
];
const TARGETS = [
  "javascript:alert(1)",
  "data:text/html,x",
  "//evil.example",
  "http://",
  "https://a.example/#\u2028",
  "http://[::1]:99999/",
  "ftp://a.example",
  "https://user:word@a.example/",
];

/** A value of JSON, as text, near `value` or far from it. */
export function mutateJson(random: Random, value: unknown): string {
  let text = write(value, 0);
  if (random.oneIn(12)) text = mutateText(random, text);
  return text;

  function write(value: unknown, depth: number): string {
    if (random.oneIn(depth === 0 ? 40 : 8)) return random.pick(VALUES);
    if (Array.isArray(value)) {
      const items = value.map((item) => write(item, depth + 1));
      if (random.oneIn(8)) items.push(...items);
      if (random.oneIn(10)) items.splice(random.below(items.length + 1), 1);
      if (random.oneIn(60)) items.push(...Array(random.pick([20, 300])).fill(items[0] ?? "null"));
      return `[${items.join(",")}]`;
    }
    if (value !== null && typeof value === "object") {
      const fields = Object.entries(value).map(([key, item]): [string, string] => [
        random.oneIn(25) ? random.pick(KEYS) : key,
        write(item, depth + 1),
      ]);
      if (random.oneIn(10)) fields.splice(random.below(fields.length + 1), 1);
      if (random.oneIn(8)) fields.push([random.pick(KEYS), random.pick(VALUES)]);
      return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${item}`).join(",")}}`;
    }
    if (typeof value === "string" && random.oneIn(12)) {
      return JSON.stringify(random.oneIn(2) ? random.pick(TARGETS) : mutateText(random, value));
    }
    return JSON.stringify(value);
  }
}

const PIECES = [
  "\0",
  "\r\n",
  '"',
  "\\",
  "{",
  "}",
  "%00",
  "../",
  "\u202e",
  "\ufffd",
  "é",
  "<",
  "&",
  " ",
];

export function mutateText(random: Random, text: string): string {
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(text.length + 1);
    const to = at + random.below(Math.min(40, text.length - at + 1));
    const middle = random.pick([
      "",
      random.pick(PIECES),
      text.slice(at, to).repeat(2),
      String.fromCharCode(random.below(0x10000)),
    ]);
    text = text.slice(0, at) + middle + text.slice(to);
  }
  return text;
}

/** UTF-8 of `text`, seldom broken: cut characters, overlong forms, surrogates of their own. */
export function encode(random: Random, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  if (!random.oneIn(15) || bytes.length === 0) return bytes;
  const bad = random.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [
    0xe2,
  ]]);
  bytes.set(bad.slice(0, bytes.length), random.below(Math.max(1, bytes.length - bad.length)));
  return bytes;
}
