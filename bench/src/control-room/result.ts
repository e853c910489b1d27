import { count } from '../progress.ts'
import { table } from '../tables.ts'

export interface ServerRow {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** One run of `npm run bench -- server`. */
export interface ServerResult {
  readonly startedAt: string
  readonly rows: number
  readonly node: string
  readonly found: readonly ServerRow[]
}

export function serverTable(result: ServerResult | undefined): string {
  const lines = (result?.found ?? []).map(({ what, value, unit, atLeast, atMost }) => {
    const target = atLeast === undefined ? (atMost === undefined ? '' : `≤ ${atMost}`) : `≥ ${atLeast}`
    const isMet = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
    const shown = value >= 100 ? count(Math.round(value)) : value.toPrecision(3)
    return [what, `${shown} ${unit}`, target, target === '' ? '' : isMet ? 'yes' : '**no**']
  })
  return table(['what', 'measured', 'target', 'met'], lines)
}
