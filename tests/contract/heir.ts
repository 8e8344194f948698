/** A peer that claims the place of a primary that is away. */
import { assertEquals } from "@std/assert";
import { makeId } from "../../lib/protocol/ids.ts";
import { type Server, until } from "./harness.ts";
import { Primary } from "./primary.ts";

/** What it says: the capability it was given, the term, and its own key and capability. */
export interface Claim {
  given: string;
  term?: number;
  key?: string;
  succession?: string;
  offers?: string[];
}

/** Longest wait until a server that crashed is known to be dead, on a busy machine. In milliseconds. */
const SEEN_DEAD = 60_000;

/** Claims once. */
export async function claim(
  { server, id }: { server: Server; id: string },
  { given, term = 2, offers = ["heir's"], key, succession }: Claim,
): Promise<Primary> {
  const heir = new Primary(server, id);
  const takeOver = { succession: given, term };
  await heir.deposit({ sessionId: id, offers, key, succession, takeOver });
  return heir;
}

/** Claims until the server has seen that the old socket is gone. */
export async function takeOver(
  link: { server: Server; id: string },
  { key = makeId(), ...words }: Claim,
): Promise<Primary & { readonly key: string }> {
  const heir = await until(
    "the take-over",
    async () => {
      const heir = await claim(link, { key, ...words });
      const verdict = await heir.verdict();
      if (verdict === "welcome") return heir;
      assertEquals(verdict, 4009);
      return null;
    },
    (heir) => heir !== null,
    SEEN_DEAD,
  );
  return Object.assign(heir!, { key });
}

/** What `heir` hears is the code of a close, and no frame beside errors. */
export async function assertRefused(heir: Primary, code: number) {
  assertEquals((await heir.closed()).code, code);
  assertEquals(heir.frames.filter(({ type }) => type !== "error"), []);
}
