import { timestamp } from '../../kernel/time.ts'
import { durationText } from '../values/format.ts'
import type { EffectGroup, Grouping } from './group.ts'
import type { Certainty, DuplicateGroup } from './report.ts'

interface Ranked {
  readonly group: EffectGroup
  readonly firstMs: number
  readonly id: string
}

/** Keeps the largest groups: by count, then the earliest, then by reference. */
export class Listing {
  readonly #limit: number
  #kept: Ranked[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(group: EffectGroup): void {
    if (this.#limit === 0) return
    this.#kept.push({ group, firstMs: group.effects[0]?.at?.ms ?? Infinity, id: group.ref.join('\u0000') })
    if (this.#kept.length >= this.#limit * 4 + 100) this.#cut()
  }

  read(): EffectGroup[] {
    this.#cut()
    return this.#kept.map(({ group }) => group)
  }

  merge(other: Listing): void {
    this.#kept.push(...other.#kept)
    this.#cut()
  }

  #cut(): void {
    this.#kept = this.#kept
      .toSorted(
        (a, b) =>
          b.group.effects.length - a.group.effects.length ||
          compare(a.firstMs, b.firstMs) ||
          compare(a.id, b.id),
      )
      .slice(0, this.#limit)
  }
}

function compare<T extends number | string>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/** What is told of a group. `far` groups have become one or the other by now. */
export function describeGroup(
  group: EffectGroup,
  certainty: Certainty,
  { plan, readings }: Grouping,
): DuplicateGroup {
  const { effects, gapMs, workers, differs } = group
  const [first, last] = [effects[0]?.at, effects.at(-1)?.at]
  const [ref = ''] = group.ref
  return {
    ref: group.ref.length === 1 ? ref : group.ref,
    count: effects.length,
    ...(readings.isAbsolute && first && last && { firstAt: timestamp(first.ms), lastAt: timestamp(last.ms) }),
    ...(gapMs !== undefined && { gapMs }),
    keyRelation: group.keyRelation,
    payload: differs.length === 0 ? 'same' : 'different',
    ...(workers !== undefined && { workers }),
    certainty,
    reason: reasonOf(group, certainty),
    ...(differs.length > 0 && { differs }),
    ...(plan.places.amount !== -1 && { extraAmount: group.extraAmount }),
  }
}

function reasonOf(
  { effects, gapMs, keyRelation, workers, judgement }: EffectGroup,
  certainty: Certainty,
): string {
  const many = `${effects.length} effects`
  const gap = gapMs === undefined ? '' : gapMs === 0 ? ' at the same time' : ` ${durationText(gapMs)} apart`
  const by = workers !== undefined && workers > 1 ? ` by ${workers} workers` : ''
  const key = { same: '', different: '; the keys differ', mixed: '; some keys are equal', none: '' }[
    keyRelation
  ]
  const rerun =
    judgement.certainty === 'far' && certainty !== 'unclear'
      ? 'equal, and part of a run that was done again'
      : judgement.why
  return `${many}${gap}${by}${key}; ${rerun}`
}
