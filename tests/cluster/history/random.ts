/** Choices that a seed decides. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** True once in `times`, on average. */
  oneIn(times: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A generator of its own for `name`: what one actor chooses does not move the others. */
  derive(name: string): Random;
}

/** mulberry32: small, and good enough to choose by. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (below: number) => Math.floor(next() * below);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (from) => from[below(from.length)],
    derive: (name) =>
      createRandom(
        [...name].reduce((hash, c) => Math.imul(hash ^ c.charCodeAt(0), 16777619), seed),
      ),
  };
}
