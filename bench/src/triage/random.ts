import { sample, seededRandom } from '../../../src/testing/random.ts'

/** Numbers and choices that follow from a seed and words alone. Durations are rounded to whole milliseconds. */
export interface Random {
  /** In [0, 1). */
  share(): number
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  between(from: number, to: number): number
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
  /** In random order; all where there are fewer. */
  some<T>(list: readonly T[], count: number): readonly T[]
  shuffle<T>(list: readonly T[]): readonly T[]
  /** A gap of a Poisson process. */
  exponential(mean: number): number
  /** As latencies are: half of them below `median`; `spread` is the deviation of the logarithm, 0.5 is ordinary. */
  logNormal(median: number, spread: number): number
  hex(length: number): string
  uuid(): string
  /** A stream of its own: what is drawn from it moves nothing else. */
  fork(...words: readonly string[]): Random
}

export function randomOf(seed: number, ...words: readonly string[]): Random {
  const share = seededRandom(hashOf(seed, words.join('\n')))
  const int = (from: number, to: number): number => from + Math.floor(share() * (to - from + 1))
  const hex = (length: number): string => Array.from({ length }, () => int(0, 15).toString(16)).join('')
  return {
    share,
    int,
    hex,
    between: (from, to) => from + share() * (to - from),
    chance: (least) => share() < least,
    pick: (list) => list[int(0, list.length - 1)] as (typeof list)[number],
    some: (list, count) => sample(list, count, share),
    shuffle: (list) => sample(list, list.length, share),
    exponential: (mean) => Math.round(-mean * Math.log(1 - share())),
    logNormal: (median, spread) => Math.max(1, Math.round(median * Math.exp(spread * normal(share)))),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${int(8, 11).toString(16)}${hex(3)}-${hex(12)}`,
    fork: (...more) => randomOf(seed, ...words, ...more),
  }
}

/** Box and Muller. */
function normal(share: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - share())) * Math.cos(2 * Math.PI * share())
}

/** FNV-1a, mixed once more: seeds are neighbours, and words are short. */
export function hashOf(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1)
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ (hash >>> 13)
}
