import { identifier, literal } from '../../reconcile/sources/sql.ts'
import { pairsIn, requestIn } from './log-line.ts'
import type { BundleRow } from './row.ts'
import { fieldOfPair } from './pair-fields.ts'

/*
 * Lines of text as a table: which field stands where, so that what is asked of rows can be asked again in DuckDB, of the
 * file as it lies there.
 */

type TextMap = Readonly<Record<string, string>>

const sampled = 500
/** How our fields are called that an access log tells, in its own form and not in pairs. */
const ofRequest = {
  ref: 'request id',
  endpoint: 'request path',
  status: 'answer status',
  bytes: 'answer bytes',
}

/** Our fields and where they stand: the name of a pair, or a part of a request in an access log. */
export function textMapOf(rows: readonly BundleRow[]): TextMap {
  const counts = new Map<string, Map<string, number>>()
  const count = (field: string, name: string): void => {
    const names = counts.get(field) ?? new Map<string, number>()
    counts.set(field, names.set(name, (names.get(name) ?? 0) + 1))
  }
  for (const { message = '' } of rows.slice(0, sampled)) {
    for (const field of Object.keys(requestIn(message) ?? {}))
      count(field, ofRequest[field as keyof typeof ofRequest])
    for (const name of pairsIn(message).keys()) {
      const field = fieldOfPair(name)
      if (field !== undefined) count(field, name)
    }
  }
  const likeliest = [...counts].map(([field, names]) => {
    const [name = field] = [...names].toSorted((a, b) => b[1] - a[1])[0] ?? []
    return [field, name] as const
  })
  return { at: 'time', message: 'message', ...Object.fromEntries(likeliest) }
}

/** The table, with a column for each name in `map`. */
export function textTable(path: string, map: TextMap): string {
  const columns = [...new Set(Object.values(map))].map((name) => `${columnSql(name)} AS ${identifier(name)}`)
  const lines = `read_csv(${literal(path)}, columns = {'line': 'VARCHAR'}, header = false, delim = '\\x01', quote = '', escape = '')`
  return `(SELECT ${columns.join(', ')} FROM ${lines})`
}

const access = String.raw`\[(\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]+)\]`
const iso = String.raw`(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)`
const id = String.raw`"(?:POST|PUT|PATCH|DELETE) [^ "?]*/([\w.:-]*\d[\w.:-]*)(?:/[^0-9/?" ]*)*[?" ]`

const special: Readonly<Record<string, string>> = {
  message: 'line',
  time: `coalesce(strftime(strptime(nullif(${extract(access)}, ''), '%d/%b/%Y:%H:%M:%S %z'), '%Y-%m-%dT%H:%M:%S'), ${extract(iso)})`,
  [ofRequest.ref]: `nullif(${extract(id)}, '')`,
  [ofRequest.endpoint]: extract(String.raw`"([A-Z]+ [^ "?]+)`),
  [ofRequest.status]: extract(String.raw`" (\d{3}) `),
  [ofRequest.bytes]: extract(String.raw`" \d{3} (\d+)`),
}

function columnSql(name: string): string {
  const known = special[name]
  if (known !== undefined) return known
  const escaped = name.replaceAll('.', String.raw`\.`)
  return `nullif(${extract(String.raw`(?:^|[\s,;([{])${escaped}=["']?([^\s,;)\]}"']+)`)}, '')`
}

function extract(pattern: string): string {
  return `regexp_extract(line, ${literal(pattern)}, 1)`
}
