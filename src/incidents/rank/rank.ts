import type { Catalogue, Cause } from '../catalogue/cause.ts'
import { type Examination, type Signal, signalSpecs } from '../model.ts'
import { type Label, type RankRules, rankRules } from './rules.ts'

export interface Contribution {
  readonly signal: string
  readonly value: boolean
  readonly logOdds: number
}

export interface Ranked {
  readonly cause: Cause
  /** That it took part: causes may act together, so that these need not add up to 1. */
  readonly probability: number
  readonly label: Label
  readonly prior: number
  /** Prior and contributions of the cause by itself, in log-odds. */
  readonly score: number
  readonly contributions: readonly Contribution[]
}

export interface RuledOut {
  readonly cause: Cause
  readonly why: string
  readonly signal: string
  readonly evidence: readonly string[]
}

/** One cause, or two that act together. */
export interface Explanation {
  readonly causes: readonly Cause[]
  readonly score: number
  readonly probability: number
}

export interface Ranking {
  readonly ranked: readonly Ranked[]
  readonly ruledOut: readonly RuledOut[]
  /** All accounts of one or two causes, the likeliest first. */
  readonly explanations: readonly Explanation[]
  readonly abstained: boolean
}

export interface Known {
  readonly signal: Signal
  readonly value: boolean
}

/** The signals that count, in the order of the list. */
export function knownSignals(examination: Examination, rules: RankRules = rankRules): readonly Known[] {
  const byId = new Map(examination.signals.map((signal) => [signal.id, signal]))
  return signalSpecs.flatMap((spec) => {
    const signal = byId.get(spec.id)
    if (signal === undefined) return []
    const value = rules.valueOf(signal, spec, examination.bundle)
    return value === 'unknown' ? [] : [{ signal, value }]
  })
}

export function rank(examination: Examination, catalogue: Catalogue, rules: RankRules = rankRules): Ranking {
  const known = knownSignals(examination, rules)
  const ruledOut = catalogue.causes.flatMap((cause) => ruleOut(cause, known, rules))
  const left = catalogue.causes.filter((cause) => !ruledOut.some((out) => out.cause === cause))
  const priors = priorsOf(left, known, { catalogue, rules })
  const explanations = explain(left, scorer(known, { priors, rules }))
  const ranked = left
    .map((cause) => {
      const contributions = contributionsOf(cause, known, rules)
      const probability = takingPart(cause, explanations)
      const prior = priors.get(cause.id) ?? cause.prior
      const score = contributions.reduce((sum, { logOdds }) => sum + logOdds, prior)
      return { cause, probability, label: rules.labelOf(probability), prior, score, contributions }
    })
    .toSorted(byProbability)
  return { ranked, ruledOut, explanations, abstained: ranked[0]?.cause.kind === 'neither' }
}

/** Likeliest first; equal ones by score, then by the order of the catalogue, so that no run differs from another. */
function byProbability(a: Ranked, b: Ranked): number {
  return Math.abs(b.probability - a.probability) > 1e-9 ? b.probability - a.probability : b.score - a.score
}

function ruleOut(cause: Cause, known: readonly Known[], rules: RankRules): readonly RuledOut[] {
  for (const contradiction of cause.contradictions) {
    const found = known.find(({ signal }) => signal.id === contradiction.signal)
    if (found !== undefined && rules.contradicts(contradiction, found.signal, found.value))
      return [{ cause, why: contradiction.why, signal: found.signal.id, evidence: found.signal.evidence }]
  }
  return []
}

/** A signal is telling where it is true and speaks for some cause by 2 or more: odds of seven to one. */
function priorsOf(
  causes: readonly Cause[],
  known: readonly Known[],
  { catalogue, rules }: { readonly catalogue: Catalogue; readonly rules: RankRules },
): ReadonlyMap<string, number> {
  const telling = known.filter(
    ({ signal, value }) =>
      value && catalogue.causes.some((cause) => (cause.signals[signal.id]?.[0] ?? 0) >= 2),
  ).length
  return new Map(causes.map((cause) => [cause.id, rules.priorOf(cause, telling)]))
}

function contributionsOf(cause: Cause, known: readonly Known[], rules: RankRules): readonly Contribution[] {
  return known
    .map(({ signal, value }) => ({ signal: signal.id, value, logOdds: rules.weigh(cause, signal.id, value) }))
    .filter(({ logOdds }) => logOdds !== 0)
    .toSorted((a, b) => Math.abs(b.logOdds) - Math.abs(a.logOdds))
}

/** The weights of each cause are looked up once: a pair is scored hundreds of times. */
function scorer(
  known: readonly Known[],
  { priors, rules }: { readonly priors: ReadonlyMap<string, number>; readonly rules: RankRules },
): (causes: readonly Cause[]) => number {
  const table = new Map<Cause, readonly number[]>()
  const weightsOf = (cause: Cause): readonly number[] => {
    const kept = table.get(cause) ?? known.map(({ signal, value }) => rules.weigh(cause, signal.id, value))
    table.set(cause, kept)
    return kept
  }
  return (causes) => {
    const weights = causes.map(weightsOf)
    const prior = causes.reduce((sum, { id }) => sum + (priors.get(id) ?? 0), 0)
    const start = causes.length > 1 ? prior + rules.pairPrior : prior
    return known.reduce((sum, { value }, at) => {
      if (weights.every((row) => row[at] === 0)) return sum
      return (
        sum +
        rules.together(
          weights.map((row) => row[at] ?? 0),
          value,
        )
      )
    }, start)
  }
}

function explain(
  causes: readonly Cause[],
  score: (causes: readonly Cause[]) => number,
): readonly Explanation[] {
  const acting = causes.filter(({ kind }) => kind !== 'neither')
  const pairs = acting.flatMap((first, at) => acting.slice(at + 1).map((second) => [first, second]))
  const sets = [...causes.map((cause) => [cause]), ...pairs].map((set) => ({
    causes: set,
    score: score(set),
  }))
  const shares = softmax(sets.map((set) => set.score))
  return sets
    .map((set, at) => ({ ...set, probability: shares[at] ?? 0 }))
    .toSorted((a, b) => b.probability - a.probability)
}

export function takingPart(cause: Cause, explanations: readonly Explanation[]): number {
  const part = explanations.filter(({ causes }) => causes.includes(cause))
  return Math.min(
    1,
    part.reduce((sum, { probability }) => sum + probability, 0),
  )
}

export function softmax(scores: readonly number[]): readonly number[] {
  const largest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - largest))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** The causes to show: all that matter, at least three and at most six. */
export function shown({ ranked }: Ranking): readonly Ranked[] {
  const mattering = ranked.filter(({ probability }) => probability >= 0.02).length
  return ranked.slice(0, Math.min(6, Math.max(3, mattering)))
}
