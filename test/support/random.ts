/** A source of numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to just below `limit`. */
  below(limit: number): number
  pick<T>(from: readonly T[]): T
  chance(probability: number): boolean
  /** From `least` to `most` of what `make` makes. */
  many<T>(least: number, most: number, make: () => T): T[]
}

/** Makes a source of random numbers (Mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const random: Random = {
    below: limit => Math.floor(next() * limit),
    pick: from => from[random.below(from.length)] as never,
    chance: probability => next() < probability,
    many: (least, most, make) => Array.from({ length: least + random.below(most - least + 1) }, make),
  }
  return random
}
