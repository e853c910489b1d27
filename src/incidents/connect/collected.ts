import type { TimeSpan } from '../model.ts'

/** One file of what was collected. */
export interface Collected {
  readonly path: string
  readonly text: string
}

export interface Collecting {
  readonly window: TimeSpan
  /** Told each query before it is sent. */
  readonly print: (query: string) => void
  readonly signal?: AbortSignal
  /** Of the ledger. */
  readonly scope?: string
}

/** Lines of JSON, without what is not there. */
export function linesOf(rows: readonly Readonly<Record<string, unknown>>[]): string {
  return rows
    .map((row) => {
      const kept = Object.entries(row).filter(([, value]) => value !== null && value !== undefined)
      return `${JSON.stringify(Object.fromEntries(kept))}\n`
    })
    .join('')
}
