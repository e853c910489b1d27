import { createHash } from 'node:crypto'
import type { Cell, Row, Source } from '../../reconcile/sources/source.ts'
import type { Clock } from './clock.ts'
import type { FieldMap } from './fields.ts'
import { type FieldName, fieldNames } from './manifest.ts'
import type { BundleRow } from './row.ts'
import { fieldsIn } from './pair-fields.ts'

const maxCellLength = 65_536
const maxRest = 24
const numeric: ReadonlySet<FieldName> = new Set(['durationMs', 'bytes', 'attempt'])

/** Which columns of a source are read, and how a row of cells becomes one of ours. */
export interface Shape {
  readonly columns: readonly string[]
  rowOf(this: void, cells: Row, line: number): BundleRow
}

export function shapeOf(
  source: Source,
  id: string,
  { map, clock }: { map: FieldMap; clock: Clock | undefined },
): Shape {
  const fields = fieldNames.filter((field) => map[field] !== undefined)
  const mapped = new Set(Object.values(map))
  const others = source.columns.map(({ name }) => name).filter((name) => !mapped.has(name))
  const rest = map.payload === undefined ? others.slice(0, maxRest) : []
  const columns = [...fields.map((field) => map[field] ?? ''), ...rest]
  return {
    columns,
    rowOf: (cells, line) => {
      const row: Record<string, unknown> = { source: id, line, weight: 1 }
      fields.forEach((field, at) => {
        const value = fieldValue(field, cells[at] ?? null, clock)
        if (value !== undefined) row[field] = value
      })
      const kept = rest.flatMap((name, at) => {
        const cell = cells[fields.length + at] ?? null
        return cell === null ? [] : [[name, bounded(cell)] as const]
      })
      if (kept.length > 0) row['rest'] = Object.fromEntries(kept)
      return withMessage(row as unknown as BundleRow)
    },
  }
}

/** What a log's message says in pairs stands in for columns that it does not have. */
function withMessage(row: BundleRow): BundleRow {
  return row.message === undefined ? row : { ...fieldsIn(row.message), ...row }
}

function fieldValue(field: FieldName, cell: Cell, clock: Clock | undefined): string | number | undefined {
  if (cell === null) return undefined
  if (field === 'at') return clock?.read(cell)
  if (!numeric.has(field)) return bounded(cell)
  const number = Number(cell)
  return Number.isFinite(number) ? number : undefined
}

/** What is longer than anybody reads is compared by its digest. */
function bounded(text: string): string {
  if (text.length <= maxCellLength) return text
  return `sha256:${createHash('sha256').update(text).digest('hex')} of ${text.length} characters`
}
