import type { Catalogue, Cause, Test } from '../catalogue/cause.ts'
import { type Examination, type SignalSpec, signalSpecs } from '../model.ts'
import { type Explanation, knownSignals, type Ranking, shown, softmax, takingPart } from '../rank/rank.ts'
import { type RankRules, rankRules } from '../rank/rules.ts'
import { baseRate, yesIf } from './odds.ts'

export type Answer = 'yes' | 'no'

export interface Step {
  readonly step: string
  readonly signal: string
  readonly action: string
  readonly costMinutes: number
  /** By id of a cause: how likely it makes a yes. */
  readonly yesIf: Readonly<Record<string, number>>
  readonly kills: { readonly yes: readonly string[]; readonly no: readonly string[] }
  readonly next: { readonly yes: string | null; readonly no: string | null }
  /** What leads after each answer. */
  readonly leads: { readonly yes: string; readonly no: string }
  /** Where the bundle, or a person, has answered it already. */
  readonly ran?: { readonly answer: Answer; readonly evidence: readonly string[] }
}

/** Decisions of the plan, replaceable by a mutant. */
export interface PlanRules {
  /** What a test is worth: expected information gain in bits, and its cost. */
  readonly worth: (gainBits: number, costMinutes: number) => number
  readonly isSettled: (explanations: readonly Explanation[]) => boolean
  readonly isKilled: (before: number, after: number) => boolean
  readonly deepest: number
}

export const planRules: PlanRules = {
  worth: (gainBits, costMinutes) => gainBits / costMinutes,
  isSettled: (explanations) => parts(explanations).every((part) => part >= 0.9 || part <= 0.1),
  isKilled: (before, after) => before >= 0.02 && after < 0.05 && after < before / 3,
  deepest: 4,
}

export interface PlanInput {
  readonly examination: Examination
  readonly catalogue: Catalogue
  readonly ranking: Ranking
  readonly rules?: PlanRules
  readonly rankRules?: RankRules
}

/** The fewest bits for which a test is worth running at all. */
const leastBits = 0.02

/** Steps that the bundle has answered, then the tree of those that it has not, each before those it leads to. */
export function plan(input: PlanInput): readonly Step[] {
  const known = knownSignals(input.examination, input.rankRules)
  const unknown = new Set(signalSpecs.map(({ id }) => id))
  for (const { signal } of known) unknown.delete(signal.id)
  const grower = new Grower(input)
  const tree = grower.grow(withoutN02(input.ranking.explanations), unknown, 0)
  const ran = ranSteps(input, known)
  return [...ran.map((step, at) => following(step, ran[at + 1]?.step ?? tree)), ...grower.steps.toReversed()]
}

/** Which test to run next is asked as if there were something to find: "nobody can say" is no reason to stop looking. */
function withoutN02(explanations: readonly Explanation[]): readonly Explanation[] {
  const left = explanations.filter(({ causes }) => causes.every(({ id }) => id !== 'N02'))
  const shares = softmax(left.map(({ score }) => score))
  return left.map((each, at) => ({ ...each, probability: shares[at] ?? 0 }))
}

function following(step: Step, next: string | null): Step {
  return { ...step, next: { yes: next, no: next } }
}

function ranSteps(
  { ranking, catalogue }: PlanInput,
  known: ReturnType<typeof knownSignals>,
): readonly Step[] {
  const causes = shown(ranking)
    .map(({ cause }) => cause)
    .filter(({ id }) => id !== 'N02')
  return causes.flatMap(({ test }, at) => {
    if (causes.findIndex((other) => other.test.signal === test.signal) !== at) return []
    const found = known.find(({ signal }) => signal.id === test.signal)
    if (found === undefined) return []
    const lead = causes[0]?.id ?? ''
    return [
      {
        ...test,
        yesIf: expectations(causes, test.signal, catalogue),
        kills: { yes: [], no: [] },
        next: { yes: null, no: null },
        leads: { yes: lead, no: lead },
        ran: { answer: found.value ? ('yes' as const) : ('no' as const), evidence: found.signal.evidence },
      },
    ]
  })
}

function expectations(
  causes: readonly Cause[],
  signal: string,
  catalogue: Catalogue,
): Readonly<Record<string, number>> {
  const base = baseRate(signal, catalogue)
  return Object.fromEntries(
    causes
      .filter(({ kind, signals }) => kind !== 'neither' || signals[signal] !== undefined)
      .map((cause) => [cause.id, yesIf([cause], signal, base)]),
  )
}

interface Candidate {
  readonly test: Test
  readonly yes: readonly Explanation[]
  readonly no: readonly Explanation[]
  readonly worth: number
}

class Grower {
  readonly steps: Step[] = []
  readonly #input: PlanInput
  readonly #rules: PlanRules
  readonly #rank: RankRules
  readonly #bases: ReadonlyMap<string, number>

  constructor(input: PlanInput) {
    this.#input = input
    this.#rules = input.rules ?? planRules
    this.#rank = input.rankRules ?? rankRules
    this.#bases = new Map(signalSpecs.map(({ id }) => [id, baseRate(id, input.catalogue)]))
  }

  /** Gives the name of the step to begin with, or null where none is worth its cost any more. */
  grow(explanations: readonly Explanation[], unknown: ReadonlySet<string>, depth: number): string | null {
    if (depth >= this.#rules.deepest || this.#rules.isSettled(explanations)) return null
    const best = this.#best(explanations, unknown)
    if (best === undefined) return null
    const left = new Set(unknown)
    left.delete(best.test.signal)
    // Children first, so that the whole list is in order when it is turned round: a step stands before its next ones.
    const no = this.grow(best.no, left, depth + 1)
    const yes = this.grow(best.yes, left, depth + 1)
    const step = this.#nameOf(best.test)
    this.steps.push({
      ...best.test,
      step,
      yesIf: this.#expected(explanations, best.test.signal),
      kills: { yes: this.#killed(explanations, best.yes), no: this.#killed(explanations, best.no) },
      next: { yes, no },
      leads: { yes: leader(best.yes), no: leader(best.no) },
    })
    return step
  }

  #best(explanations: readonly Explanation[], unknown: ReadonlySet<string>): Candidate | undefined {
    const live = explanations.filter(({ probability }) => probability > 1e-3)
    const before = entropyBits(live.map(({ probability }) => probability))
    const candidates = this.#tests(live, unknown).flatMap((test) => {
      const chance = live.reduce(
        (sum, { causes, probability }) => sum + probability * this.#yesIf(causes, test),
        0,
      )
      const yes = this.#after(live, test.signal, true)
      const no = this.#after(live, test.signal, false)
      const after = chance * entropyOf(yes) + (1 - chance) * entropyOf(no)
      const gain = before - after
      return gain < leastBits ? [] : [{ test, yes, no, worth: this.#rules.worth(gain, test.costMinutes) }]
    })
    return candidates.reduce<Candidate | undefined>(
      (best, next) => (best === undefined || next.worth > best.worth ? next : best),
      undefined,
    )
  }

  /** One test for each unknown signal that says something of a cause that is still in play. */
  #tests(live: readonly Explanation[], unknown: ReadonlySet<string>): readonly Test[] {
    const causes = new Set(
      live.filter(({ probability }) => probability > 0.01).flatMap((each) => each.causes),
    )
    return signalSpecs.flatMap((spec) => {
      const speaks = [...causes].some((cause) => cause.signals[spec.id] !== undefined)
      if (!unknown.has(spec.id) || !speaks) return []
      const own = this.#input.catalogue.causes.find(
        ({ test, kind }) => test.signal === spec.id && kind !== 'neither',
      )
      return [own?.test ?? plainTest(spec)]
    })
  }

  #yesIf(causes: readonly Cause[], { signal }: Test): number {
    return yesIf(causes, signal, this.#bases.get(signal) ?? 0.5)
  }

  #after(live: readonly Explanation[], signal: string, value: boolean): readonly Explanation[] {
    const scores = live.map(({ causes, score }) => {
      const weights = causes.map((cause) => this.#rank.weigh(cause, signal, value))
      return score + this.#rank.together(weights, value)
    })
    const shares = softmax(scores)
    return live
      .map((each, at) => ({ ...each, score: scores[at] ?? 0, probability: shares[at] ?? 0 }))
      .toSorted((a, b) => b.probability - a.probability)
  }

  #killed(before: readonly Explanation[], after: readonly Explanation[]): readonly string[] {
    return [...new Set(before.flatMap(({ causes }) => causes))]
      .filter(({ kind }) => kind !== 'neither')
      .filter((cause) => this.#rules.isKilled(takingPart(cause, before), takingPart(cause, after)))
      .map(({ id }) => id)
      .toSorted()
  }

  #expected(explanations: readonly Explanation[], signal: string): Readonly<Record<string, number>> {
    const causes = [...new Set(explanations.flatMap((each) => each.causes))]
      .map((cause) => ({ cause, part: takingPart(cause, explanations) }))
      .filter(({ part }) => part >= 0.02)
      .toSorted((a, b) => b.part - a.part)
      .slice(0, 6)
    return expectations(
      causes.map(({ cause }) => cause),
      signal,
      this.#input.catalogue,
    )
  }

  /** A test may stand in several branches: the later ones get a number, and `--answer` takes any of them. */
  #nameOf({ step }: Test): string {
    const before = this.steps.filter((each) => each.step === step || each.step.startsWith(`${step}.`)).length
    return before === 0 ? step : `${step}.${before + 1}`
  }
}

/** For a signal that is no cause's cheapest test: what to look at, in the words of the signal's own definition. */
export function plainTest({ id, yes, needs }: SignalSpec): Test {
  const kinds = needs.map((group) => group.join(' or ')).join(', and ')
  return {
    step: id.replaceAll('.', '-'),
    signal: id,
    action: `Look in ${kinds}: is it so that ${yes}?`,
    costMinutes: 15,
  }
}

function leader(explanations: readonly Explanation[]): string {
  return explanations[0]?.causes.map(({ id }) => id).join(' + ') ?? ''
}

/** Of each cause, that it takes part. */
function parts(explanations: readonly Explanation[]): readonly number[] {
  const sums = new Map<Cause, number>()
  for (const { causes, probability } of explanations)
    for (const cause of causes) sums.set(cause, (sums.get(cause) ?? 0) + probability)
  return [...sums.values()]
}

function entropyOf(explanations: readonly Explanation[]): number {
  return entropyBits(explanations.map(({ probability }) => probability))
}

function entropyBits(shares: readonly number[]): number {
  return shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log2(share) : sum), 0)
}
