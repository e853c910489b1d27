import { metricNames, metricOf, type Metric, type MetricName } from './metric-list.ts'
import type { HistogramSample, Labels, NumberSample, Sample, Sink } from './samples.ts'

interface Series {
  readonly labels: Labels
  value: number
  /** Of a histogram: one more than it has bounds. */
  readonly counts: number[]
}

/** Counters and histograms in memory. */
export class Registry implements Sink {
  readonly #series = new Map<MetricName, Map<string, Series>>()

  constructor() {
    for (const name of metricNames) {
      if (metricOf(name).isRead !== true)
        for (const labels of combinationsOf(metricOf(name))) this.#seriesOf(name, labels)
    }
  }

  add(metric: MetricName, labels: Labels, by: number): void {
    this.#seriesOf(metric, labels).value += by
  }

  observe(metric: MetricName, labels: Labels, value: number): void {
    const series = this.#seriesOf(metric, labels)
    const { buckets = [] } = metricOf(metric)
    const at = buckets.findIndex((upTo) => value <= upTo)
    const index = at === -1 ? buckets.length : at
    series.counts[index] = (series.counts[index] ?? 0) + 1
    series.value += value
  }

  samples(): readonly Sample[] {
    return [...this.#series].flatMap(([name, series]) =>
      [...series.values()].map((one) => sampleOf(name, one)),
    )
  }

  #seriesOf(metric: MetricName, labels: Labels): Series {
    const all = this.#series.get(metric) ?? new Map<string, Series>()
    this.#series.set(metric, all)
    const key = Object.keys(metricOf(metric).labels)
      .map((label) => labels[label] ?? '')
      .join('\u0000')
    const series = all.get(key) ?? { labels, value: 0, counts: [] }
    all.set(key, series)
    return series
  }
}

/** Every combination of the label values that are known beforehand; open labels are left out of it. */
export function combinationsOf({ labels }: Metric): readonly Labels[] {
  return Object.entries(labels).reduce<readonly Labels[]>(
    (before, [label, values]) =>
      values === 'open'
        ? before
        : before.flatMap((some) => values.map((value) => ({ ...some, [label]: value }))),
    [{}],
  )
}

function sampleOf(metric: MetricName, { labels, value, counts }: Series): NumberSample | HistogramSample {
  const { kind, buckets = [] } = metricOf(metric)
  if (kind !== 'histogram') return { metric, labels, value }
  const ends = [...buckets, Number.POSITIVE_INFINITY]
  return {
    metric,
    labels,
    buckets: ends.map((upTo, index) => ({ upTo, count: counts[index] ?? 0 })),
    sum: value,
  }
}
