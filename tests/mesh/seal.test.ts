import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { FoyerError } from "../../lib/mesh/errors.ts";
import { deriveKey, seal, unseal } from "../../lib/mesh/seal.ts";
import { makeId } from "../../lib/protocol/ids.ts";
import { OPAQUE } from "../contract/opaque.ts";

const [secret, sessionId] = [makeId(), makeId()];
const key = deriveKey(secret, sessionId);

async function assertRefused(opening: Promise<string>): Promise<void> {
  const error = await assertRejects(() => opening, FoyerError);
  assertEquals((error as FoyerError).code, "incomplete-link");
}

Deno.test("unseal() gives back what seal() was given, with the same secret, session and role", async () => {
  for (const text of [...OPAQUE, "x".repeat(15_000)]) {
    const sealed = await seal(key, text, "offer");
    assertEquals(await unseal(deriveKey(secret, sessionId), sealed, "offer"), text);
  }
});

Deno.test("seal() shows nothing of a description but its length, and never says the same twice", async () => {
  const sdp =
    "v=0\r\na=candidate:1 1 udp 1 192.0.2.7 5 typ host\r\na=fingerprint:sha-256 AA:BB\r\n";
  const [one, two] = [await seal(key, sdp, "offer"), await seal(key, sdp, "offer")];
  assertNotEquals(one, two);
  for (const sealed of [one, two]) {
    assert(/^sealed\.[A-Za-z0-9+/]+=*$/.test(sealed), sealed);
    const bytes = atob(sealed.slice(7));
    assertEquals(bytes.length, 12 + sdp.length + 16);
    assert(!bytes.includes("192.0.2.7") && !bytes.includes("AA:BB"));
  }
});

Deno.test("unseal() refuses another secret, another session, another role and another offer", async () => {
  const sealed = await seal(key, "text", "answer to this");
  await assertRefused(unseal(deriveKey(makeId(), sessionId), sealed, "answer to this"));
  await assertRefused(unseal(deriveKey(secret, makeId()), sealed, "answer to this"));
  await assertRefused(unseal(key, sealed, "answer to that"));
  await assertRefused(unseal(key, sealed, "offer"));
});

Deno.test("unseal() refuses what was changed anywhere, cut or lengthened", async () => {
  const sealed = await seal(key, "v=0", "offer");
  const bytes = Uint8Array.from(atob(sealed.slice(7)), (c) => c.charCodeAt(0));
  const toText = (bytes: Uint8Array) => "sealed." + btoa(String.fromCharCode(...bytes));
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1;
    await assertRefused(unseal(key, toText(changed), "offer"));
  }
  for (const other of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0), new Uint8Array()]) {
    await assertRefused(unseal(key, toText(other), "offer"));
  }
  for (const text of ["sealed.", "sealed.%", ""]) await assertRefused(unseal(key, text, "offer"));
});

Deno.test("without a secret texts pass as they are, and what is sealed asks for the whole link", async () => {
  const none = deriveKey("", sessionId);
  for (const text of OPAQUE) {
    assertEquals(await seal(none, text, "offer"), text);
    assertEquals(await unseal(none, text, "offer"), text);
  }
  await assertRefused(unseal(none, await seal(key, "text", "offer"), "offer"));
});

Deno.test("with a secret a plain text is refused: the server could have written it", async () => {
  for (const text of OPAQUE) await assertRefused(unseal(key, text, "offer"));
});
