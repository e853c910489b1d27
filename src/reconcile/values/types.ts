import type { ColumnType } from '../sources/source.ts'
import { parseInstant } from './instant.ts'

const uuidPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/** The type of a column of text, from some of its values. `mixed` where a few of them do not fit the rest. */
export function typeOf(values: readonly (string | null)[]): ColumnType {
  const counts = new Map<ColumnType, number>()
  let filled = 0
  for (const value of values) {
    if (value === null || value === '') continue
    filled++
    const type = typeOfValue(value)
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  if (filled === 0) return 'empty'
  const [first, ...others] = [...counts].toSorted((a, b) => b[1] - a[1])
  if (first === undefined) return 'empty'
  if (others.length === 0) return first[0]
  const numbers = (counts.get('integer') ?? 0) + (counts.get('decimal') ?? 0)
  if (numbers === filled) return 'decimal'
  // Words of every kind are text; numbers or times with a few words between them are a mistake in the data.
  const [main, share] =
    numbers >= first[1] ? ['decimal' as const, numbers / filled] : [first[0], first[1] / filled]
  return main !== 'text' && share >= 0.8 ? 'mixed' : 'text'
}

function typeOfValue(value: string): ColumnType {
  if (/^[+-]?\d+$/.test(value)) return 'integer'
  if (/^[+-]?\d*[.,]\d+$/.test(value)) return 'decimal'
  if (parseInstant(value, 'iso') !== undefined) return 'time'
  if (/^(true|false)$/i.test(value)) return 'boolean'
  if (uuidPattern.test(value)) return 'uuid'
  return /^[[{].*[\]}]$/s.test(value) ? 'json' : 'text'
}
