import { OncewardError } from '../../kernel/errors.ts'
import { type Quote, quoteOf, relationOf } from '../audit/print-sql.ts'
import type { Dialect } from '../sources/source.ts'
import type { ComparedColumn } from './columns.ts'
import {
  type ReconcileOptions,
  type ReconcileSettings,
  reconcileSettings,
  type SideSettings,
} from './options.ts'

/**
 * The SQL that counts matched, missing, extra, duplicated, uneven and mismatched keys, and lists those that do not match,
 * for an engine that has the rows. Multiset-correct; of keys with several rows on both sides it compares the smallest
 * values alone, and it knows no grace. Throws `OPTION_INVALID` for lists of an HTTP API: no engine reads them.
 */
export function reconcileSql(options: ReconcileOptions, dialect: Dialect): string {
  const settings = reconcileSettings(options)
  const quote = quoteOf(dialect)
  const { on, compare } = settings
  const [left, right] = [sideOf(settings, 'left', dialect), sideOf(settings, 'right', dialect)]
  const keys = on.map((_, at) => `k${at}`)
  const differs = ['l.n > 0 AND r.n > 0 AND l.n = r.n', `(${compare.map(differ).join(' OR ')})`]
  const kind = `CASE
    WHEN r.n IS NULL THEN 'missing'
    WHEN l.n IS NULL THEN 'extra'
    WHEN l.n <> r.n THEN CASE WHEN l.n = 1 THEN 'duplicated' ELSE 'uneven' END
    ${compare.length === 0 ? '' : `WHEN ${differs.join(' AND ')} THEN 'mismatched'\n    `}ELSE 'matched'
  END`
  const compared = `WITH left_side AS (
${left.select}
), right_side AS (
${right.select}
), compared AS (
  SELECT ${keys.map((key) => `coalesce(l.${key}, r.${key}) AS ${key}`).join(', ')},
    coalesce(l.n, 0) AS left_rows, coalesce(r.n, 0) AS right_rows,
    ${kind} AS kind
  FROM left_side AS l
  FULL OUTER JOIN right_side AS r ON ${keys.map((key) => `l.${key} = r.${key}`).join(' AND ')}
)`
  const named = on.map(({ left: name }, at) => `k${at} AS ${quote(name)}`).join(', ')
  return `${left.view}${right.view}-- How many keys are of each kind
${compared}
SELECT kind, count(*) AS number_of_keys FROM compared GROUP BY kind ORDER BY kind;

-- The keys that do not match
${compared}
SELECT kind, ${named}, left_rows, right_rows FROM compared WHERE kind <> 'matched' ORDER BY kind, ${keys.join(', ')};
`

  function differ({ tolerance }: ComparedColumn, at: number): string {
    const [a, b] = [`l.c${at}`, `r.c${at}`]
    const isNull = `(${a} IS NULL) <> (${b} IS NULL)`
    if (tolerance.kind === 'exact') return `${a} <> ${b} OR ${isNull}`
    if (tolerance.kind === 'time') return `${gapMs(a, b, dialect)} > ${tolerance.ms} OR ${isNull}`
    const decimal = tolerance.kind === 'absolute' ? tolerance.limit : tolerance.percent
    const text = `${decimal.units}e-${decimal.scale}`
    const limit = tolerance.kind === 'absolute' ? text : `greatest(abs(${a}), abs(${b})) * ${text} / 100`
    return `abs(${a} - ${b}) > ${limit} OR ${isNull}`
  }
}

function gapMs(a: string, b: string, dialect: Dialect): string {
  if (dialect === 'postgres') return `abs(extract(epoch FROM ${a} - ${b})) * 1000`
  return dialect === 'duckdb'
    ? `abs(epoch_ms(${a}) - epoch_ms(${b}))`
    : `abs(unix_millis(${a}) - unix_millis(${b}))`
}

interface Side {
  readonly view: string
  readonly select: string
}

function sideOf(settings: ReconcileSettings, name: 'left' | 'right', dialect: Dialect): Side {
  const side = settings[name]
  if (side.api !== undefined || /^https?:/i.test(side.source))
    throw new OncewardError('OPTION_INVALID', `--${name} is a list of an HTTP API: no SQL engine reads it.`)
  const quote = quoteOf(dialect)
  const { view, from } = relationOf(side.source, { dialect, name: `${name}_rows` })
  return { view, select: selectOf({ settings, name, side, from }, quote) }
}

interface Selecting {
  readonly settings: ReconcileSettings
  readonly name: 'left' | 'right'
  readonly side: SideSettings
  readonly from: string
}

function selectOf({ settings, name, side, from }: Selecting, quote: Quote): string {
  const keys = settings.on.map((pair) => quote(pair[name]))
  const cells = settings.compare.map((pair, at) => `min(${quote(pair[name])}) AS c${at}`)
  const columns = [...keys.map((key, at) => `${key} AS k${at}`), 'count(*) AS n', ...cells]
  const where = [
    ...keys.map((key) => `${key} IS NOT NULL`),
    ...(side.where === undefined ? [] : [`(${side.where})`]),
  ]
  return `  SELECT ${columns.join(', ')}\n  FROM ${from}\n  WHERE ${where.join(' AND ')}\n  GROUP BY ${keys.join(', ')}`
}
