import { parser } from '@prometheus-io/lezer-promql'
import { metricNames, metricOf } from '../../../src/telemetry/index.ts'

export interface PromQl {
  readonly metrics: readonly string[]
  readonly labels: readonly string[]
}

/** The names in a query. A query that does not parse is an error. */
export function readPromQl(query: string): PromQl {
  const metrics: string[] = []
  const labels: string[] = []
  parser.parse(query).iterate({
    enter: ({ name, type, from, to }) => {
      if (type.isError) throw new Error(`Not PromQL, at ${from}: ${query}`)
      if (name === 'Identifier') metrics.push(query.slice(from, to))
      if (name === 'LabelName') labels.push(query.slice(from, to))
    },
  })
  return { metrics, labels }
}

/** What Grafana puts in for its variables. */
export function withoutVariables(query: string): string {
  return query.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h')
}

/** The series of each metric, with the labels that it has. */
export const exported: ReadonlyMap<string, readonly string[]> = new Map(
  metricNames.flatMap((name) => {
    const { kind, labels } = metricOf(name)
    const own = Object.keys(labels)
    const series: readonly (readonly [string, readonly string[]])[] =
      kind === 'histogram'
        ? [
            [`${name}_bucket`, [...own, 'le']],
            [`${name}_sum`, own],
            [`${name}_count`, own],
          ]
        : [[name, own]]
    return series
  }),
)

/** What a query names that we do not export. */
export function unknownNames(query: string): readonly string[] {
  const { metrics, labels } = readPromQl(withoutVariables(query))
  const known = metrics.map((name) => exported.get(name))
  const strange = metrics.filter((_, index) => known[index] === undefined)
  const lacking = labels.filter((label) => !known.every((own) => own === undefined || own.includes(label)))
  return [...strange, ...lacking]
}
