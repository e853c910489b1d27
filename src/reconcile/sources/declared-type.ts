import type { ColumnType } from './source.ts'

/** What a type of DuckDB or PostgreSQL is called here. */
export function declaredType(declared: string): ColumnType {
  const name = declared.toUpperCase()
  if (/^(TIMESTAMP|DATE)/.test(name)) return 'time'
  if (isIntegerType(name)) return 'integer'
  if (/^(DECIMAL|NUMERIC|DOUBLE|FLOAT|REAL|MONEY)/.test(name)) return 'decimal'
  if (name.startsWith('BOOL')) return 'boolean'
  if (name === 'UUID') return 'uuid'
  return /^(STRUCT|MAP|JSON)|\[\]$/.test(name) ? 'json' : 'text'
}

/** `INTEGER`, `UBIGINT`, `int8`; not `INTERVAL`, not `POINT`. */
export function isIntegerType(declared: string): boolean {
  return /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER|\d)?$/i.test(declared)
}
