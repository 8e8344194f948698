/** Offers and answers: of the size and the characters of a browser's SDP, and each one different. */

/** Characters of the number at the end of each, by which it is told from the others. */
const DIGITS = 10;

const SDP = [
  "v=0",
  "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "a=extmap-allow-mixed",
  "a=msid-semantic: WMS",
  "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
  "c=IN IP4 0.0.0.0",
  ...[1, 2, 3, 4, 5].map((n) =>
    `a=candidate:${n}38213774${n} 1 udp 2113937151 7f3e1e4c-0a0f-4e0c-9d5c-3a1a5b2c4d${n}e.local ` +
    `5${n}12${n} typ host generation 0 network-cost 999`
  ),
  "a=ice-ufrag:Xy7/",
  "a=ice-pwd:2r+1xB0cHq9vV3uWb6nT5yKe",
  "a=ice-options:trickle",
  "a=fingerprint:sha-256 " + Array(32).fill("A7").join(":"),
  "a=setup:actpass",
  "a=mid:0",
  "a=sctp-port:5000",
  "a=max-message-size:262144",
  "a=number:",
].join("\r\n");

let made = 0;

/** 1.2 kB, unlike any other that this process made. */
export function makeDescription(): string {
  return SDP + String(made++).padStart(DIGITS, "0");
}

/** What tells `description` from the others. */
export function nameDescription(description: string): string {
  return description.slice(-DIGITS);
}
