import type { Cause, Contradiction } from '../catalogue/cause.ts'
import type { BundleFacts, Signal, SignalSpec } from '../model.ts'

export const labels = ['very likely', 'likely', 'possible', 'unlikely', 'remote'] as const
export type Label = (typeof labels)[number]

/** Every decision of the ranking, pure; a test replaces them one by one. */
export interface RankRules {
  /** What a signal is worth as evidence: its value, or unknown. */
  readonly valueOf: (signal: Signal, spec: SignalSpec, bundle: BundleFacts) => Signal['value']
  /** What `value` of `signal` adds to one cause, in log-odds. */
  readonly weigh: (cause: Cause, signal: string, value: boolean) => number
  /** What it adds to causes that act together. */
  readonly together: (weights: readonly number[], value: boolean) => number
  readonly contradicts: (contradiction: Contradiction, signal: Signal, value: boolean) => boolean
  /** Added to the log-odds of each pair: one cause is the simpler account. */
  readonly pairPrior: number
  /** `telling` signals are true and speak for some cause by 2 or more. */
  readonly priorOf: (cause: Cause, telling: number) => number
  /** The only place where a probability becomes a word. */
  readonly labelOf: (probability: number) => Label
}

export const rankRules: RankRules = {
  valueOf(signal, spec, bundle) {
    if (signal.value !== false || signal.answered === true) return signal.value
    return isCovered(spec, bundle) ? false : 'unknown'
  },
  weigh(cause, signal, value) {
    const odds = cause.signals[signal]
    return odds === undefined ? 0 : odds[value ? 0 : 1]
  },
  together(weights, value) {
    // Noisy-or. What is seen is explained by whichever cause explains it best; what is not seen, all of them had to
    // leave undone. A cause that says nothing of a signal excuses nobody whom the signal speaks against.
    const best = Math.max(...weights)
    return value && best > 0 ? best : weights.reduce((sum, weight) => sum + weight, 0)
  },
  contradicts({ value: impossible, atLeast }, { numbers }, value) {
    if (value !== impossible) return false
    return atLeast === undefined || (numbers?.[atLeast.number] ?? 0) >= atLeast.value
  },
  pairPrior: -2,
  priorOf(cause, telling) {
    if (cause.id !== 'N02') return cause.prior
    return cause.prior + (telling === 0 ? 3 : telling === 1 ? 1.5 : 0)
  },
  labelOf(probability) {
    if (probability >= 0.85) return 'very likely'
    if (probability >= 0.6) return 'likely'
    if (probability >= 0.3) return 'possible'
    return probability >= 0.1 ? 'unlikely' : 'remote'
  },
}

/** An absence counts only where a source of each kind that could show it was supplied and covers the window. */
export function isCovered(spec: SignalSpec, bundle: BundleFacts): boolean {
  return spec.needs.every((kinds) =>
    bundle.sources.some(({ kind, coversWindow, rows }) => coversWindow && rows > 0 && kinds.includes(kind)),
  )
}
