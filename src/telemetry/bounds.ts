import { metricOf, type MetricName } from './metric-list.ts'
import type { Labels } from './samples.ts'

const otherValue = '(other)'

/** Bounds the values of open labels: what comes after the first ones counts as `(other)`. */
export class Bounds {
  readonly #max: number
  readonly #known = new Map<string, Set<string>>()

  constructor(max: number) {
    this.#max = max
  }

  apply(metric: MetricName, labels: Labels): Labels {
    let bounded = labels
    for (const [label, values] of Object.entries(metricOf(metric).labels)) {
      const value = labels[label]
      if (values !== 'open' || value === undefined || this.#isKnown(`${metric} ${label}`, value)) continue
      bounded = { ...bounded, [label]: otherValue }
    }
    return bounded
  }

  #isKnown(label: string, value: string): boolean {
    const known = this.#known.get(label) ?? new Set()
    this.#known.set(label, known)
    if (known.has(value)) return true
    if (known.size >= this.#max) return false
    known.add(value)
    return true
  }
}
