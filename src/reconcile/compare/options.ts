import { boolean, count, label, members, milliseconds } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { parseTimestamp } from '../../kernel/time.ts'
import type { ListOptions } from '../lists/options.ts'
import type { SourceOptions } from '../sources/source.ts'
import { type ColumnPair, type ComparedColumn, parseCompared, parsePairs } from './columns.ts'

/** Of `reconcile` and `differences`. */
export interface ReconcileOptions extends SourceOptions {
  /** The source of truth: what should be there. As for `openSource`, or `sqlite:./file.db?table=NAME`, or a URL with `leftApi`. */
  readonly left: string
  /** What is looked at: what happened. */
  readonly right: string
  /** The columns of the key: `order_id`, `order_id=ref,line`. */
  readonly on: string
  /** Columns that must agree, each with what it may differ by: `amount=total~0.01,rate~1%,at~5s`. */
  readonly compare?: string
  readonly leftAt?: string
  readonly rightAt?: string
  /** How long a counterpart may take to come. Needs `leftAt` or `rightAt`. */
  readonly graceMs?: number
  /** What the grace is reckoned from, RFC 3339: default is now where one side is live, else the youngest time of all. */
  readonly asOf?: string
  /** Only rows that satisfy this condition, in SQL. */
  readonly leftWhere?: string
  readonly rightWhere?: string
  /** How a list of an HTTP API is paged. */
  readonly leftApi?: ListOptions
  readonly rightApi?: ListOptions
  /** Differences of each kind to show. Default 10. */
  readonly samples?: number
  /** Take times without a zone for UTC. */
  readonly assumeUtc?: boolean
}

export interface SideSettings {
  readonly side: 'left' | 'right'
  readonly source: string
  readonly at: string | undefined
  readonly where: string | undefined
  readonly api: ListOptions | undefined
  /** Those that an answer without rows is taken to have. */
  readonly columns: readonly string[]
}

export interface ReconcileSettings {
  readonly left: SideSettings
  readonly right: SideSettings
  readonly on: readonly ColumnPair[]
  readonly compare: readonly ComparedColumn[]
  readonly graceMs: number | undefined
  readonly asOfMs: number | undefined
  readonly samples: number
  readonly assumeUtc: boolean
  readonly source: SourceOptions
}

const maxTextBytes = 16_384

/** Throws `OPTION_INVALID`, naming the option as the command line does. */
export function reconcileSettings(options: ReconcileOptions): ReconcileSettings {
  members(options, 'options')
  const { graceMs, asOf, samples = 10, assumeUtc = false } = options
  const on = parsePairs(label(options.on, '--on', maxTextBytes), '--on')
  const compare =
    options.compare === undefined
      ? []
      : parseCompared(label(options.compare, '--compare', maxTextBytes), '--compare')
  const pairs = [...on, ...compare]
  const left = sideOf(options, 'left', pairs)
  const right = sideOf(options, 'right', pairs)
  if (left.source === '-' && right.source === '-')
    throw new OncewardError('OPTION_INVALID', '--left and --right cannot both be standard input.')
  if (graceMs !== undefined && left.at === undefined && right.at === undefined)
    throw new OncewardError(
      'OPTION_INVALID',
      '--grace needs --left-at or --right-at: the column that holds the time of a row.',
    )
  return {
    left,
    right,
    on,
    compare,
    graceMs: graceMs === undefined ? undefined : milliseconds(graceMs, '--grace', 0),
    asOfMs: asOf === undefined ? undefined : momentOf(asOf),
    samples: count(samples, '--samples', { min: 0, max: 100_000 }),
    assumeUtc: boolean(assumeUtc, '--assume-utc'),
    source: options,
  }
}

function sideOf(
  options: ReconcileOptions,
  side: 'left' | 'right',
  pairs: readonly ColumnPair[],
): SideSettings {
  const isLeft = side === 'left'
  const optional = (value: string | undefined, name: string): string | undefined =>
    value === undefined ? undefined : label(value, `--${side}-${name}`, maxTextBytes)
  const at = optional(isLeft ? options.leftAt : options.rightAt, 'at')
  return {
    side,
    source: label(options[side], `--${side}`, maxTextBytes),
    at,
    where: optional(isLeft ? options.leftWhere : options.rightWhere, 'where'),
    api: isLeft ? options.leftApi : options.rightApi,
    columns: [...new Set([...pairs.map((pair) => pair[side]), ...(at === undefined ? [] : [at])])],
  }
}

function momentOf(text: string): number {
  const ms = parseTimestamp(text)
  if (ms === undefined) throw optionInvalid('--as-of', 'a time such as 2026-01-31T12:00:00Z', text)
  return ms
}
