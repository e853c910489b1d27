import { count } from '../progress.ts'
import { table } from '../tables.ts'

export interface FilesRow {
  readonly question: string
  readonly name: string
  readonly title: string
  readonly ms: number
  readonly processorMs?: number
  readonly peakMb?: number
  /** By the time of bare DuckDB that is asked the same. */
  readonly ofReference?: number
}

/** One run of `npm run bench -- files`. */
export interface FilesResult {
  readonly startedAt: string
  readonly rows: number
  readonly node: string
  readonly found: readonly FilesRow[]
}

/** What of it is a target. */
const targets: readonly {
  readonly name: string
  readonly atMost: number
  readonly of: 'ofReference' | 'ms'
}[] = [
  { name: 'audit', atMost: 1.2, of: 'ofReference' },
  { name: 'reconcile', atMost: 1.2, of: 'ofReference' },
  { name: 'triage', atMost: 30_000, of: 'ms' },
  { name: 'command', atMost: 1000, of: 'ms' },
]

export function filesTable(results: readonly FilesResult[]): string {
  const head = ['asked', 'of', 'ms', 'processor ms', 'peak MB', 'of bare DuckDB', 'target', 'met']
  const lines = results.flatMap(({ found }) =>
    found.map((row) => {
      const target = targets.find(({ name }) => name === row.name)
      const value = target === undefined ? undefined : row[target.of]
      const met = value === undefined || target === undefined ? '' : value <= target.atMost ? 'yes' : '**no**'
      const bound =
        target === undefined
          ? ''
          : target.of === 'ms'
            ? `≤ ${count(target.atMost)} ms`
            : `≤ ${target.atMost} ×`
      const ratio = row.ofReference === undefined ? '' : `${row.ofReference.toFixed(2)} ×`
      return [
        row.question,
        row.title,
        count(row.ms),
        row.processorMs === undefined ? '' : count(row.processorMs),
        row.peakMb === undefined ? '' : count(row.peakMb),
        ratio,
        bound,
        met,
      ]
    }),
  )
  return table(head, lines)
}
