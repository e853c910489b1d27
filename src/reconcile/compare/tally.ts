import { cardinalities, type Cardinality, type Verdict } from './decisions.ts'
import type { Difference } from './report.ts'

const verdicts = [
  'matched',
  'missing',
  'extra',
  'duplicated',
  'uneven',
  'mismatched',
  'pending',
] as const satisfies readonly Verdict[]

const kinds = verdicts.filter((verdict) => verdict !== 'matched')

/** Counts keys, and keeps some differences of each kind. */
export class Tally {
  readonly verdicts: Record<Verdict, number> = zeroes(verdicts)
  readonly cardinality: Record<Cardinality, number> = zeroes(cardinalities)
  readonly samples: Record<Difference['kind'], Difference[]>
  /** Keys and rows seen here, on either side. */
  readonly keys = { left: 0, right: 0 }
  readonly rows = { left: 0, right: 0 }
  readonly #maxSamples: number

  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples
    this.samples = Object.fromEntries(kinds.map((kind) => [kind, []])) as unknown as typeof this.samples
  }

  add(
    { verdict, cardinality }: { verdict: Verdict; cardinality: Cardinality },
    rows: { left: number; right: number },
  ): void {
    this.verdicts[verdict]++
    this.cardinality[cardinality]++
    for (const side of ['left', 'right'] as const) {
      if (rows[side] > 0) this.keys[side]++
      this.rows[side] += rows[side]
    }
  }

  /** There is room for a sample of this kind. */
  lacks(verdict: Verdict): boolean {
    return verdict !== 'matched' && this.samples[verdict].length < this.#maxSamples
  }

  sample(difference: Difference): void {
    this.samples[difference.kind].push(difference)
  }

  /** Keys with one row on each side that are the same text: an engine does not list them. */
  addEqual(count: number): void {
    this.verdicts.matched += count
    this.cardinality['1:1'] += count
    this.keys.left += count
    this.keys.right += count
  }
}

function zeroes<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>
}
