import type { MetricName } from './metric-list.ts'

export type Labels = Readonly<Record<string, string>>

/** What counts as it happens. */
export interface Sink {
  add(metric: MetricName, labels: Labels, by: number): void
  observe(metric: MetricName, labels: Labels, value: number): void
}

export interface NumberSample {
  readonly metric: MetricName
  readonly labels: Labels
  readonly value: number
}

export interface HistogramSample {
  readonly metric: MetricName
  readonly labels: Labels
  /** Not cumulative; the last one's end may be infinite. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[]
  readonly sum: number
}

export type Sample = NumberSample | HistogramSample

/** What is asked for when somebody reads. What it throws leaves its metrics out of that reading. */
export type Source = () => readonly Sample[] | Promise<readonly Sample[]>
