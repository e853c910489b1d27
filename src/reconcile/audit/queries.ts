import { isIntegerType } from '../sources/declared-type.ts'
import type { Column, SqlSide } from '../sources/source.ts'
import { identifier, literal } from '../sources/sql.ts'
import { amountPattern, commaPattern, pointPattern } from '../values/amount.ts'
import type { TimeStyle } from '../values/instant.ts'
import { maxSegments } from './facts.ts'
import type { Plan } from './plan.ts'

/** The part of a source's SQL side that a query is written with; `--print-sql` has no source behind it. */
export type Sql = Pick<SqlSide, 'dialect' | 'from' | 'position' | 'text'>

const isoText =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)? ?(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?$'
const zoned = ':[0-9]{2}.*(Z|z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$'

/** One row: rows, rows without a reference, first and last time, times without zone, unreadable ones, and amounts. */
export function factsQuery(sql: Sql, plan: Plan, columns: readonly Column[]): string {
  const { roles } = plan
  const declared = (name: string | undefined): string =>
    columns.find((column) => column.name === name)?.declared?.toUpperCase() ?? ''
  const counted = (condition: string): string => `count(CASE WHEN has_ref AND ${condition} THEN 1 END)`
  const facts = [
    'count(CASE WHEN has_ref THEN 1 END)',
    'count(CASE WHEN NOT has_ref THEN 1 END)',
    ...timeColumns(sql, plan, { counted, declared: declared(roles.at) }),
    ...amountColumns(sql, plan, { counted, declared: declared(roles.amount) }),
  ]
  const read = [roles.at, roles.amount].flatMap((name) => (name === undefined ? [] : [identifier(name)]))
  const rows = [`${hasRef(sql, roles.ref)} AS has_ref`, ...new Set(read)].join(', ')
  return `SELECT ${facts.map((fact) => castText(sql, fact)).join(',\n  ')}\nFROM (SELECT ${rows} FROM ${sql.from}) AS facts`
}

interface Counting {
  /** Rows that have a reference and fulfil a condition. */
  readonly counted: (condition: string) => string
  /** What the source declares the column as; '' where it is text. */
  readonly declared: string
}

/** What is declared needs no look at each value: its type says whether it is a time, and has a zone. */
function timeColumns(sql: Sql, { roles, timeStyle }: Plan, { counted, declared }: Counting): string[] {
  if (roles.at === undefined || timeStyle === undefined) return ['NULL', 'NULL', '0', '0']
  const mine = (value: string): string => `CASE WHEN has_ref THEN ${value} END`
  const column = identifier(roles.at)
  if (declared.startsWith('TIMESTAMP')) {
    const isZoned = /TZ$|WITH TIME ZONE$/.test(declared)
    // Of the least and the greatest alone: a conversion of each row costs more than finding them.
    const ms = (instant: string): string =>
      sql.dialect === 'duckdb' ? `epoch_ms(${instant})` : `floor(extract(epoch FROM ${instant}) * 1000)`
    return [
      ms(`min(${mine(column)})`),
      ms(`max(${mine(column)})`),
      isZoned ? '0' : counted(`${column} IS NOT NULL`),
      '0',
    ]
  }
  const text = sql.text(roles.at)
  const ms = milliseconds(sql, text, timeStyle)
  const hasZone = timeStyle === 'epoch-s' || timeStyle === 'epoch-ms'
  return [
    `min(${mine(ms)})`,
    `max(${mine(ms)})`,
    hasZone ? '0' : counted(`${ms} IS NOT NULL AND NOT ${matches(sql, text, zoned)}`),
    counted(`${text} <> '' AND ${ms} IS NULL`),
  ]
}

function amountColumns(sql: Sql, { roles }: Plan, { counted, declared }: Counting): string[] {
  if (roles.amount === undefined) return ['0', '0', '0']
  if (isIntegerType(declared)) return ['0', '0', '0']
  if (/^DECIMAL\(\d+,\s*[1-9]/.test(declared))
    return [counted(`${identifier(roles.amount)} IS NOT NULL`), '0', '0']
  const amount = sql.text(roles.amount)
  const isAmount = matches(sql, amount, amountPattern)
  const isComma = matches(sql, amount, commaPattern)
  return [
    counted(`${isAmount} AND NOT ${isComma} AND ${matches(sql, amount, pointPattern)}`),
    counted(`${isAmount} AND ${isComma}`),
    counted(`${amount} <> '' AND NOT ${isAmount}`),
  ]
}

/** Milliseconds since the epoch, or NULL; a time without a zone as if it were UTC, as the reading in TypeScript does. */
export function milliseconds(sql: Sql, text: string, style: TimeStyle): string {
  const isDuckdb = sql.dialect === 'duckdb'
  const number = (pattern: string, factor: number): string =>
    `CASE WHEN ${matches(sql, text, pattern)} THEN floor(CAST(${text} AS double precision) * ${factor}) END`
  if (style === 'epoch-s') return number('^[1-9][0-9]{9}([.][0-9]{1,6})?$', 1000)
  if (style === 'epoch-ms') return number('^[1-9][0-9]{12}$', 1)
  if (style === 'iso') {
    const instant = isDuckdb
      ? `epoch_ms(TRY_CAST(${text} AS TIMESTAMPTZ))`
      : `floor(extract(epoch FROM CAST(${text} AS timestamptz)) * 1000)`
    return `CASE WHEN ${matches(sql, text, isoText)} THEN ${instant} END`
  }
  const slashes = `replace(${text}, '.', '/')`
  const [day, month] = style === 'dmy' ? ['%d', '%m'] : ['%m', '%d']
  const formats = ['', ' %H:%M', ' %H:%M:%S'].map((time) => literal(`${day}/${month}/%Y${time}`))
  if (isDuckdb) return `epoch_ms(try_strptime(${slashes}, [${formats.join(', ')}]))`
  const format = style === 'dmy' ? 'DD/MM/YYYY HH24:MI:SS' : 'MM/DD/YYYY HH24:MI:SS'
  return `floor(extract(epoch FROM to_timestamp(${slashes}, '${format}')) * 1000)`
}

export function segmentsQuery(sql: Sql, { roles }: Plan): string {
  const segment = `coalesce(${sql.text(roles.segment ?? '')}, '')`
  return `SELECT ${segment}, ${castText(sql, 'count(*)')} FROM ${sql.from} WHERE ${hasRef(sql, roles.ref)} GROUP BY 1 LIMIT ${maxSegments + 1}`
}

/**
 * Every row of the references that come more than once: the reference, the place, the plan's columns. With `among`, a
 * condition on rows, only of references that have a row of that kind.
 */
export function groupsQuery(sql: Sql, { roles, columns }: Plan, among?: string): string {
  const refs = roles.ref.map(identifier)
  const cells = columns.map((name) => `nullif(${qualified(sql.text(name))}, '')`)
  const position = sql.position === undefined ? 'NULL' : castText(sql, 'r._onceward_position')
  const isComputed = sql.position !== undefined && sql.position !== '_onceward_position'
  const rows = `(SELECT *${isComputed ? `, ${sql.position} AS _onceward_position` : ''} FROM ${sql.from})`
  return `SELECT ${[...roles.ref.map((name) => qualified(sql.text(name))), position, ...cells].join(', ')}
FROM ${rows} AS r
JOIN (
  ${repeatedQuery(sql, roles.ref, among).replaceAll('\n', '\n  ')}
) AS repeated ON ${refs.map((ref) => `r.${ref} = repeated.${ref}`).join(' AND ')}
ORDER BY ${refs.map((ref) => `r.${ref}`).join(', ')}${sql.position === undefined ? '' : ', r._onceward_position'}`

  /** The text of a column names it once, in quotes. */
  function qualified(expression: string): string {
    return expression.replace(/"/, 'r."')
  }
}

function repeatedQuery(sql: Sql, ref: readonly string[], among: string | undefined): string {
  const refs = ref.map(identifier).join(', ')
  const recent =
    among === undefined ? '' : ` AND (${refs}) IN (SELECT ${refs} FROM ${sql.from} WHERE ${among})`
  return `SELECT ${refs}\nFROM ${sql.from}\nWHERE ${hasRef(sql, ref)}${recent}\nGROUP BY ${refs}\nHAVING count(*) > 1`
}

function hasRef(sql: Sql, ref: readonly string[]): string {
  const filled = ref.map((name) => `${identifier(name)} IS NOT NULL AND ${sql.text(name)} <> ''`)
  return `(${filled.join(' AND ')})`
}

function matches({ dialect }: Sql, text: string, pattern: string): string {
  return dialect === 'duckdb'
    ? `coalesce(regexp_matches(${text}, ${literal(pattern)}), false)`
    : `coalesce(${text} ~ ${literal(pattern)}, false)`
}

function castText({ dialect }: Sql, expression: string): string {
  return `CAST(${expression} AS ${dialect === 'duckdb' ? 'VARCHAR' : 'text'})`
}
