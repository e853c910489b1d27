import { seededRandom } from '../testing/random.ts'

/** Numbers and choices that follow from a seed alone. */
export class Dice {
  readonly #chance: () => number

  constructor(seed: number) {
    // Neighbouring seeds would begin alike.
    this.#chance = seededRandom(Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) ^ (seed >>> 15))
  }

  /** A whole number from `from` to `to`. */
  int(from: number, to: number): number {
    return from + Math.floor(this.#chance() * (to - from + 1))
  }

  is(share: number): boolean {
    return this.#chance() < share
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#chance() * list.length)] as T
  }
}
