/**
 * Who a peer is, whoever passes on what it says: a pair of keys (ECDH, P-256) that each client makes
 * for its session and whose private half nobody can take out of its browser. An offer carries its
 * sender's public key; the answer carries the other one, and is sealed with what the two agree on
 * (HKDF-SHA-256 over the secret, salted with the session's id), bound to both peers and to the offer
 * as it was sent. So an offer or answer that was changed on the way gives no link. A peer's first key
 * is its key for good: a swap of keys has to be there from the first introduction on, and then the
 * words of verification (words.ts) differ.
 *
 *   offer   "keyed." base64(public key) "." SDP
 *   answer  "keyed." base64(public key) "." sealed SDP
 *
 * In a session without a secret descriptions are plain: it may have members without WebCrypto.
 */
import { toBase64Url } from "../../protocol/ids.ts";
import { FoyerError } from "../errors.ts";
import { seal, unseal } from "../seal.ts";
import type { Mesh } from "../session.ts";

/** Of an introduction, whoever passes it on. */
export interface Identity {
  /** This client's offer, as it is sent. */
  wrapOffer(sdp: string): Promise<string>;
  /** The SDP in an offer of `peer`. @throws {FoyerError} `forbidden` where it is not its own. */
  unwrapOffer(peer: string, offer: string): string;
  /** The answer to `offer` of `peer`, as it is sent. */
  wrapAnswer(peer: string, offer: string, sdp: string): Promise<string>;
  /** The SDP in the answer of `peer` to `offer`. @throws {FoyerError} `forbidden` or `incomplete-link` */
  unwrapAnswer(peer: string, offer: string, answer: string): Promise<string>;
}

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEYED = /^keyed\.([\w-]{87})\.([^]+)$/;

export function createIdentity(mesh: Pick<Mesh, "id" | "self" | "secret">): Identity {
  const isPlain = !mesh.secret;
  const pair = isPlain
    ? undefined
    : crypto.subtle.generateKey(CURVE, false, ["deriveBits"]) as Promise<CryptoKeyPair>;
  /** The first public key of each peer. */
  const known = new Map<string, string>();

  async function wrap(text: string): Promise<string> {
    const { publicKey } = (await pair)!;
    const bytes = await crypto.subtle.exportKey("raw", publicKey);
    return `keyed.${toBase64Url(new Uint8Array(bytes))}.${text}`;
  }

  function unwrap(peer: string, text: string): [key: string, text: string] {
    const [, key, rest] = KEYED.exec(text) ?? [];
    if (!key || (known.get(peer) ?? key) !== key) {
      throw new FoyerError("forbidden", "This does not come from whom it names");
    }
    return [key, rest];
  }

  async function agree(key: string): Promise<CryptoKey> {
    const { subtle } = crypto;
    const bytes = Uint8Array.from(
      atob(key.replace(/-/g, "+").replace(/_/g, "/")),
      (c) => c.charCodeAt(0),
    );
    const theirs = await subtle.importKey("raw", bytes, CURVE, false, []);
    const { privateKey } = (await pair)!;
    const shared = await subtle.deriveBits({ name: "ECDH", public: theirs }, privateKey, 256);
    const hkdf = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
    const [salt, info] = [mesh.id, "foyer peers"].map((text) => new TextEncoder().encode(text));
    const way = { name: "HKDF", hash: "SHA-256", salt, info };
    const aes = { name: "AES-GCM", length: 256 };
    return await subtle.deriveKey(way, hkdf, aes, false, ["encrypt", "decrypt"]);
  }

  async function wrapOffer(sdp: string): Promise<string> {
    return isPlain ? sdp : await wrap(sdp);
  }

  function unwrapOffer(peer: string, offer: string): string {
    return isPlain ? offer : unwrap(peer, offer)[1];
  }

  async function wrapAnswer(peer: string, offer: string, sdp: string): Promise<string> {
    if (isPlain) return sdp;
    const [key] = unwrap(peer, offer);
    known.set(peer, key);
    return await wrap(await seal(agree(key), sdp, nameRole(mesh.self, peer, offer)));
  }

  async function unwrapAnswer(peer: string, offer: string, answer: string): Promise<string> {
    if (isPlain) return answer;
    const [key, sealed] = unwrap(peer, answer);
    const sdp = await unseal(agree(key), sealed, nameRole(peer, mesh.self, offer));
    known.set(peer, key);
    return sdp;
  }

  return { wrapOffer, unwrapOffer, wrapAnswer, unwrapAnswer };
}

function nameRole(answerer: string, offerer: string, offer: string): string {
  return `answer of ${answerer} to ${offerer}: ${offer}`;
}
