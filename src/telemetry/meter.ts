import { metricNames, metricOf, type MetricName } from './metric-list.ts'
import type { MeterLike } from './opentelemetry-api.ts'
import type { Labels, Sample, Sink } from './samples.ts'

/** The same metrics as instruments of OpenTelemetry. Histograms of sizes are not there: the API takes no ready ones. */
export class Meter implements Sink {
  readonly #counters = new Map<MetricName, ReturnType<MeterLike['createCounter']>>()
  readonly #histograms = new Map<MetricName, ReturnType<MeterLike['createHistogram']>>()

  constructor(meter: MeterLike, read: () => Promise<readonly Sample[]>) {
    const observed = new Map<MetricName, object>()
    for (const name of metricNames) {
      const { kind, otel, unit, help, isRead, buckets } = metricOf(name)
      const options = { description: help, unit }
      if (kind === 'histogram') {
        if (isRead) continue
        const advice = { explicitBucketBoundaries: [...(buckets ?? [])] }
        this.#histograms.set(name, meter.createHistogram(otel, { ...options, advice }))
      } else if (isRead) {
        const make = kind === 'gauge' ? 'createObservableGauge' : 'createObservableCounter'
        observed.set(name, meter[make](otel, options))
      } else {
        this.#counters.set(name, meter.createCounter(otel, options))
      }
    }
    meter.addBatchObservableCallback(
      async (result) => {
        for (const sample of await read()) {
          const instrument = observed.get(sample.metric)
          if (instrument !== undefined && 'value' in sample)
            result.observe(instrument, sample.value, { ...sample.labels })
        }
      },
      [...observed.values()],
    )
  }

  add(metric: MetricName, labels: Labels, by: number): void {
    this.#counters.get(metric)?.add(by, { ...labels })
  }

  observe(metric: MetricName, labels: Labels, value: number): void {
    this.#histograms.get(metric)?.record(value, { ...labels })
  }
}
