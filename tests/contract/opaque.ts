/** Strings that a server which looks inside, escapes wrongly or trims would change. At most 16. */
export const OPAQUE = [
  "sdp1",
  "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-pwd:a/b+c\r\n",
  `"double" 'single' \`tick\` & &amp; &lt; &#34; &quot <b>`,
  `"><script>alert(1)</script><input type="hidden" name="offer" value="mine`,
  "</script><!-- ]]> -->",
  "  two spaces before and after, and a line feed  \n",
  "\n\r\n\r\ttab",
  "caf\u00e9",
  "cafe\u0301",
  "日本語 Ελληνικά עברית",
  "🦊 👩‍👩‍👧 𝒳",
  "\u00a0\u2028\u2029\ufeff\u200b",
  "\u0001\u0007\u001b\u007f\u0080\u0085\u009f",
  '{"type":"offer","sdp":"\\u0041\\n"}',
  "$& $1 $` ${x} %00 %2f \\ \\0",
  "__proto__",
];

/** Strings that JSON carries and a page does not: no HTML can spell them, no UTF-8 all but the first. */
export const BEYOND_HTML = ["a\u0000", "a\ud800", "a\ud801", "a\udc00"];
