import type { Source, SqlSide } from '../../reconcile/sources/source.ts'
import { identifier, literal } from '../../reconcile/sources/sql.ts'

/**
 * JSON lines by DuckDB's own reader, which parses each line once and on all cores: a gigabyte in seconds. A line that is
 * no object gives a row of nulls. Undefined where the files are not JSON lines in UTF-8.
 */
export function fastJson(
  source: Source,
  paths: readonly string[],
  columns: readonly string[],
): { readonly sql: SqlSide; readonly isBroken: string } | undefined {
  const { sql, reading } = source
  const [format, encoding, compression = 'uncompressed'] = reading.split(', ')
  if (sql?.dialect !== 'duckdb' || format !== 'JSON lines' || encoding !== 'UTF-8') return undefined
  const tops = new Map<string, string>()
  for (const column of columns) {
    tops.set(column, 'VARCHAR')
    const top = topOf(column)
    if (top !== column) tops.set(top, 'JSON')
  }
  // A member that is read both as a whole and in part is read as JSON.
  for (const column of columns) if (topOf(column) !== column) tops.set(topOf(column), 'JSON')
  const types = [...tops].map(([name, type]) => `${literal(name)}: ${literal(type)}`).join(', ')
  const files = paths.map(literal).join(', ')
  const from = `read_json([${files}], format = 'newline_delimited', ignore_errors = true, maximum_object_size = 16777216, compression = ${literal(compression)}, columns = {${types}})`
  const isBroken = `(${[...tops.keys()].map((name) => `(${identifier(name)} IS NULL)`).join(' AND ')})`
  return { sql: { ...sql, from, text: (column) => textOf(column, tops) }, isBroken }
}

function topOf(column: string): string {
  return column.split('.')[0] ?? column
}

/** `http.status` may be a member of `http`, or a name with a dot in it. */
function textOf(column: string, tops: ReadonlyMap<string, string>): string {
  const whole = tops.get(column) === 'JSON' ? `(${identifier(column)} ->> '$')` : identifier(column)
  const [top = '', ...rest] = column.split('.')
  if (rest.length === 0) return whole
  const path = `$${rest.map((name) => `."${name.replaceAll('"', '\\"')}"`).join('')}`
  return `coalesce(${whole}, ${identifier(top)} ->> ${literal(path)})`
}
