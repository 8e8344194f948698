/**
 * Words of verification: both ends of a link show the same ones exactly where nobody stands between
 * them. Somebody in the middle has a connection to each of the two, and so two other fingerprints.
 */
import { FoyerError } from "../errors.ts";
import type { Link } from "../link.ts";

/** 256 of them: each says one byte. */
const WORDS = `
  acorn actor alarm album alley amber anchor angel ankle apple april apron arrow artist atlas
  autumn bacon badge bagel bakery bamboo banana banjo barn basil basket beach beacon beaver bell
  bicycle bishop blanket blossom boat bonfire book bottle bread brick bridge broom bucket
  buffalo butter button cabin cactus camel camera candle canoe canyon captain carpet carrot
  castle cat cedar cello chair chalk cheese cherry chess cinema circle circus citrus clock cloud
  clover cobra coconut coffee comet compass copper coral cotton cousin cradle crayon cricket
  crown crystal cup curtain daisy dancer desert diamond doctor dolphin donkey door dragon drum
  duck eagle earth easel echo elbow elephant engine falcon farmer feather ferry fiddle finger
  fire flag flute forest fossil fountain fox friday garden garlic ghost giant giraffe glass
  globe gloves goat gold goose grape guitar hammer harbour harp hat hawk hazel hedge helmet
  heron honey horse hotel house igloo indigo insect iron island ivory jacket jaguar jar jelly
  jewel jigsaw judge jungle kettle king kitchen kite kiwi koala ladder lagoon lamp lantern
  laurel leaf lemon leopard letter library lily lion lizard lobster lotus magnet mango map maple
  marble market meadow melon mirror monkey moon mosaic mother mountain mouse museum nectar
  needle nest night noodle north nutmeg oak ocean olive onion opera orange orchid otter oven owl
  oxygen oyster paddle palace panda paper parrot peach pearl pebble pencil penguin pepper piano
  pigeon pilot pirate planet plum pocket poet pony potato prince puzzle quarry queen rabbit
  radio rainbow raven ribbon river robin rocket rose ruby saddle sailor salad salmon sand
`.trim().split(/\s+/);
/** 48 bits. */
const COUNT = 6;
/**
 * Whoever would stand in the middle tries certificates until both ends show the same words, in the time
 * that an introduction may take: each try costs as much as this many digests.
 */
const ITERATIONS = 300_000;

/**
 * PBKDF2-HMAC-SHA-256 (RFC 8018) of both DTLS fingerprints in their order as text, salted with the
 * session's id: a word for each of the first bytes.
 * @throws {FoyerError} `closed`; `insecure` where the page has no WebCrypto.
 */
export async function makeWords({ connection }: Link, sessionId: string): Promise<string[]> {
  const { subtle } = crypto;
  if (!subtle) throw new FoyerError("insecure", "Words of verification need a page over https");
  const { localDescription, remoteDescription } = connection;
  const fingerprints = [localDescription, remoteDescription].map(readFingerprint).sort();
  const [text, salt] = [fingerprints.join(" "), sessionId].map((word) =>
    new TextEncoder().encode(word)
  );
  const key = await subtle.importKey("raw", text, "PBKDF2", false, ["deriveBits"]);
  const way = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS };
  const bits = await subtle.deriveBits(way, key, 8 * COUNT);
  return Array.from(new Uint8Array(bits), (byte) => WORDS[byte]);
}

/** @throws {FoyerError} `closed` unless there is exactly one (RFC 8122): which counts must be clear. */
function readFingerprint(description: RTCSessionDescription | null): string {
  const lines = description?.sdp.match(/^a=fingerprint:.*$/gm) ?? [];
  const fingerprints = new Set(lines.map((line) => line.trim().toLowerCase()));
  if (fingerprints.size !== 1) throw new FoyerError("closed", "This link is not open");
  return [...fingerprints][0];
}
