import type { Catalogue, Cause, Odds } from '../catalogue/cause.ts'

/**
 * How often a signal is true where the cause acts, and where it does not: what the two log-odds imply, since
 * e^whenTrue = p / q and e^whenFalse = (1 - p) / (1 - q).
 */
export function likelihoods(odds: Odds): Likelihoods {
  const kept = computed.get(odds)
  if (kept !== undefined) return kept
  const [ifTrue, ifFalse] = [Math.exp(odds[0]), Math.exp(odds[1])]
  const otherwise = (1 - ifFalse) / (ifTrue - ifFalse)
  const made = { acting: otherwise * ifTrue, otherwise }
  computed.set(odds, made)
  return made
}

interface Likelihoods {
  readonly acting: number
  readonly otherwise: number
}

/** A plan asks for the same ones ten thousand times. */
const computed = new WeakMap<Odds, Likelihoods>()

/** How often the signal is true where causes that say nothing of it act: the mean of what the others imply. */
export function baseRate(signal: string, catalogue: Catalogue): number {
  const all = catalogue.causes.flatMap(({ signals }) => {
    const odds = signals[signal]
    return odds === undefined ? [] : [likelihoods(odds).otherwise]
  })
  return all.length === 0 ? 0.5 : all.reduce((sum, rate) => sum + rate, 0) / all.length
}

/** How likely the answer is yes, if these causes act: noisy-or over what each adds to the base rate. */
export function yesIf(causes: readonly Cause[], signal: string, base: number): number {
  const no = causes.reduce((share, cause) => {
    const odds = cause.signals[signal]
    return odds === undefined ? share : share * ((1 - likelihoods(odds).acting) / (1 - base))
  }, 1 - base)
  return Math.min(0.99, Math.max(0.01, 1 - no))
}
