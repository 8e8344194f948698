import { assertEquals } from "@std/assert";
import { findServer } from "../../lib/mesh/origin.ts";

Deno.test("findServer() is the origin that the script came from", () => {
  assertEquals(findServer("https://foyer.example/client.js?1#2"), "https://foyer.example");
  assertEquals(findServer("http://localhost:8000/client.global.js"), "http://localhost:8000");
});
