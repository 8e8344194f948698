import { assertEquals } from "@std/assert";
import {
  findClient,
  groupAddress,
  parseAddress,
  parseNetwork,
} from "../../lib/signalling/address.ts";

const networks = (...texts: string[]) => texts.map((text) => parseNetwork(text)!);

Deno.test("parseAddress() reads each way to write an address, and nothing else", () => {
  assertEquals(parseAddress("2001:db8::1"), 0x2001_0db8_0000_0000_0000_0000_0000_0001n);
  assertEquals(parseAddress("2001:DB8:0:0:0:0:0:1"), parseAddress("2001:db8::1"));
  assertEquals(parseAddress("::"), 0n);
  assertEquals(parseAddress("::ffff:192.0.2.1"), parseAddress("192.0.2.1"));
  assertEquals(parseAddress("fe80::1%eth0"), parseAddress("fe80::1"));
  const none = ["", "localhost", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":::", "1::2::3", "12345::"];
  for (const text of [...none, "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "unknown", "g::"]) {
    assertEquals(parseAddress(text), null, text);
  }
});

Deno.test("parseNetwork() reads CIDR blocks and single addresses, and nothing else", () => {
  for (const text of ["10.0.0.0/8", "fd00::/8", "192.0.2.1", "::1", "0.0.0.0/0", "::/0"]) {
    assertEquals(parseNetwork(text) === null, false, text);
  }
  for (const text of ["10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/8/8", "proxy/8"]) {
    assertEquals(parseNetwork(text), null, text);
  }
});

Deno.test("findClient() believes nobody unless told", () => {
  assertEquals(findClient("192.0.2.1", "203.0.113.7", 0), "192.0.2.1");
  assertEquals(findClient("192.0.2.1", "203.0.113.7", []), "192.0.2.1");
});

Deno.test("findClient() goes back as many proxies as there are, past what the client wrote itself", () => {
  const forwarded = "6.6.6.6, 203.0.113.7, 198.51.100.2";
  assertEquals(findClient("10.0.0.1", forwarded, 1), "198.51.100.2");
  assertEquals(findClient("10.0.0.1", forwarded, 2), "203.0.113.7");
  assertEquals(findClient("10.0.0.1", "203.0.113.7", 3), "203.0.113.7");
  assertEquals(findClient("10.0.0.1", null, 1), "10.0.0.1");
});

Deno.test("findClient() believes the proxies of trusted networks, and the first stranger is the client", () => {
  const proxies = networks("10.0.0.0/8", "fd00::/8");
  assertEquals(findClient("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.2.0.1", proxies), "203.0.113.7");
  assertEquals(findClient("fd00::1", "2001:db8::7", proxies), "2001:db8::7");
  assertEquals(findClient("203.0.113.9", "6.6.6.6", proxies), "203.0.113.9", "came past them");
  assertEquals(findClient("::ffff:10.0.0.1", "203.0.113.7", proxies), "203.0.113.7");
});

Deno.test("findClient() stops at what is no address, and reads one with a port", () => {
  assertEquals(findClient("10.0.0.1", "203.0.113.7, <script>", 2), "10.0.0.1");
  assertEquals(findClient("10.0.0.1", "203.0.113.7:4711", 1), "203.0.113.7");
  assertEquals(findClient("10.0.0.1", "[2001:db8::7]:4711", 1), "2001:db8::7");
});

Deno.test("groupAddress() takes an IPv6 /64 for one, and an IPv4 address for itself however it is written", () => {
  assertEquals(groupAddress("2001:db8:0:1::7"), groupAddress("2001:db8:0:1:ffff::1"));
  assertEquals(groupAddress("2001:db8:0:1::7") === groupAddress("2001:db8:0:2::7"), false);
  assertEquals(groupAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assertEquals(groupAddress("::ffff:c000:201"), "192.0.2.1");
});
