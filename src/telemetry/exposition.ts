import { metricNames, metricOf, type MetricName } from './metric-list.ts'
import { combinationsOf } from './registry.ts'
import type { HistogramSample, Labels, NumberSample, Sample } from './samples.ts'

/** The `content-type` of what `exposition` writes. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * The samples in Prometheus' text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/).
 * Every metric of the table is there, also where nothing has been counted yet.
 */
export function exposition(samples: readonly Sample[]): string {
  const byMetric = Map.groupBy(samples, ({ metric }) => metric)
  return metricNames.map((name) => family(name, byMetric.get(name) ?? zeroes(name))).join('')
}

function zeroes(metric: MetricName): readonly Sample[] {
  const { kind } = metricOf(metric)
  return combinationsOf(metricOf(metric)).map((labels) =>
    kind === 'histogram' ? { metric, labels, buckets: [], sum: 0 } : { metric, labels, value: 0 },
  )
}

function family(name: MetricName, samples: readonly Sample[]): string {
  const { help, kind } = metricOf(name)
  const lines = samples.flatMap((sample) =>
    'value' in sample ? [numberLine(name, sample)] : histogramLines(name, sample),
  )
  return [`# HELP ${name} ${escapedHelp(help)}`, `# TYPE ${name} ${kind}`, ...lines, ''].join('\n')
}

function numberLine(name: string, { labels, value }: NumberSample): string {
  return `${name}${labelText(labels)} ${numberText(value)}`
}

function histogramLines(name: string, { labels, buckets, sum }: HistogramSample): readonly string[] {
  let total = 0
  const lines = buckets.map(({ upTo, count }) => {
    total += count
    return { le: numberText(upTo), total }
  })
  if (lines.at(-1)?.le !== '+Inf') lines.push({ le: '+Inf', total })
  return [
    ...lines.map(({ le, total: upToHere }) => `${name}_bucket${labelText({ ...labels, le })} ${upToHere}`),
    `${name}_sum${labelText(labels)} ${numberText(sum)}`,
    `${name}_count${labelText(labels)} ${total}`,
  ]
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapedValue(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapedValue(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
