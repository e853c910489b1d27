import { optionInvalid } from '../../kernel/errors.ts'
import type { Dialect } from '../sources/source.ts'
import { literal } from '../sources/sql.ts'

/** What the query is made of: names only, nothing is opened. */
export interface SqlOptions {
  readonly ref: readonly string[]
  readonly effect?: string
  readonly key?: string
  readonly at?: string
  readonly amount?: string
  readonly worker?: string
  readonly limit?: number
}

/**
 * The SQL that counts duplicates and lists the largest groups, for an engine that has the rows. It counts as `audit`
 * does before it judges: which of them are instalments or other orders, SQL does not say.
 */
export function auditSql(source: string, dialect: Dialect, options: SqlOptions): string {
  if (options.ref.length === 0)
    throw optionInvalid('--ref', 'given with --print-sql: nothing is opened to guess from', '')
  const quote = quoteOf(dialect)
  const { view, from } = relationOf(source, { dialect, name: 'data' })
  const groups = groupsOf(from, options, quote)
  return `${view}-- How much was done more than once
WITH effects_of AS (
${indented(groups)}
)
SELECT count(*) AS refs,
  sum(effects) AS effects,
  sum(CASE WHEN effects > 1 THEN 1 ELSE 0 END) AS duplicate_refs,
  sum(effects - 1) AS extra_effects
FROM effects_of;

-- The largest groups
${groups}
HAVING ${effects(options, quote)} > 1
ORDER BY effects DESC
LIMIT ${options.limit ?? 100};
`
}

export type Quote = (name: string) => string

export function quoteOf(dialect: Dialect): Quote {
  return dialect === 'spark'
    ? (name) => `\`${name.replaceAll('`', '``')}\``
    : (name) => `"${name.replaceAll('"', '""')}"`
}

function groupsOf(from: string, options: SqlOptions, quote: Quote): string {
  const refs = options.ref.map(quote)
  const of = (name: string | undefined, sql: (column: string) => string): string[] =>
    name === undefined ? [] : [sql(quote(name))]
  const columns = [
    ...refs,
    `${effects(options, quote)} AS effects`,
    ...of(options.at, (at) => `min(${at}) AS first_at,\n  max(${at}) AS last_at`),
    ...of(options.key, (key) => `count(DISTINCT ${key}) AS different_keys`),
    ...of(options.worker, (worker) => `count(DISTINCT ${worker}) AS workers`),
    ...of(
      options.amount,
      (amount) => `count(DISTINCT ${amount}) AS different_amounts,\n  sum(${amount}) AS amount`,
    ),
  ]
  const filled = refs.map((ref) => `${ref} IS NOT NULL`).join(' AND ')
  return `SELECT ${columns.join(',\n  ')}\nFROM ${from}\nWHERE ${filled}\nGROUP BY ${refs.join(', ')}`
}

function effects({ effect }: SqlOptions, quote: Quote): string {
  return effect === undefined ? 'count(*)' : `count(DISTINCT ${quote(effect)})`
}

/** How a source is named in a query; Spark needs a view of that `name` first. */
export function relationOf(
  source: string,
  { dialect, name }: { readonly dialect: Dialect; readonly name: string },
): { readonly view: string; readonly from: string } {
  const quote = quoteOf(dialect)
  const [, query = ''] = /^postgres[^?]*\?(.*)$/i.exec(source) ?? []
  const given = new URLSearchParams(query)
  const [table, select] = [given.get('table'), given.get('query')]
  if (select !== null) return { view: '', from: `(${select}) AS ${name}` }
  if (table !== null) return { view: '', from: table.split('.').map(quote).join('.') }
  const path = source.replace(/\.(gz|gzip|zst|zstd)$/i, '')
  const format = /\.parquet$/i.test(path) ? 'parquet' : /\.(jsonl|ndjson)$/i.test(path) ? 'json' : 'csv'
  if (dialect === 'postgres') return { view: '', from: quote(path.replace(/^.*[/\\]|\.[a-z]+$/gi, '')) }
  if (dialect === 'duckdb') return { view: '', from: `read_${format}(${literal(source)})` }
  const header = format === 'csv' ? ", header 'true'" : ''
  const view = `CREATE TEMPORARY VIEW ${name} USING ${format} OPTIONS (path ${literal(source)}${header});\n\n`
  return { view, from: name }
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
