import { boolean, count, label, members, milliseconds } from '../../kernel/check.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import type { SourceOptions } from '../sources/source.ts'

/** Of `audit`. Columns that are not named are guessed from the header, and the report says so. */
export interface AuditOptions extends SourceOptions {
  /** The columns that name what an effect is about: one order, one booking. */
  readonly ref?: readonly string[]
  /** The id that the target gave: rows with the same one are one effect. `none` guesses none; so for the others. */
  readonly effect?: string
  readonly key?: string
  readonly at?: string
  readonly amount?: string
  readonly worker?: string
  readonly segment?: string
  /** Effects further apart are not compared. */
  readonly withinMs?: number
  /** Columns that differ from attempt to attempt and say nothing: request ids, versions. */
  readonly ignore?: readonly string[]
  /** Groups to list. Default 100. */
  readonly limit?: number
  /** Of amounts with a decimal point. Default 2. */
  readonly minorDigits?: number
  /** Take times without a zone for UTC. */
  readonly assumeUtc?: boolean
  /** Constants that a gap may be explained by, in milliseconds: `{ leaseMs: 30000 }`. */
  readonly known?: Readonly<Record<string, number>>
  /** A source of the same kind without the trouble, of the night before, say: its rows are counted. */
  readonly baseline?: string
}

export interface AuditSettings {
  readonly ref: readonly string[] | undefined
  readonly named: Readonly<Partial<Record<'effect' | 'key' | 'at' | 'amount' | 'worker' | 'segment', string>>>
  readonly withinMs: number | undefined
  readonly ignore: readonly string[]
  readonly limit: number
  readonly minorDigits: number
  readonly assumeUtc: boolean
  readonly known: readonly (readonly [string, number])[]
  readonly baseline: string | undefined
  readonly source: SourceOptions
}

const maxNameBytes = 1000
const namedRoles = ['effect', 'key', 'at', 'amount', 'worker', 'segment'] as const

/** Throws `OPTION_INVALID`, naming the option as the command line does. */
export function auditSettings(options: AuditOptions): AuditSettings {
  members(options, 'options')
  const named: Partial<Record<(typeof namedRoles)[number], string>> = {}
  for (const role of namedRoles) {
    const column = options[role]
    if (column !== undefined) named[role] = label(column, `--${role}`, maxNameBytes)
  }
  const { ref, withinMs, limit = 100, minorDigits = 2, assumeUtc = false, baseline } = options
  if (ref !== undefined && ref.length === 0) throw optionInvalid('--ref', 'at least one column', ref)
  return {
    ref: ref?.map((column) => label(column, '--ref', maxNameBytes)),
    named,
    withinMs: withinMs === undefined ? undefined : milliseconds(withinMs, '--within', 1),
    ignore: (options.ignore ?? []).map((column) => label(column, '--ignore', maxNameBytes)),
    limit: count(limit, '--limit', { min: 0, max: 1_000_000 }),
    minorDigits: count(minorDigits, '--minor-digits', { min: 0, max: 6 }),
    assumeUtc: boolean(assumeUtc, '--assume-utc'),
    known: Object.entries(options.known ?? {}).map(([name, ms]) => [
      name,
      milliseconds(ms, `--known ${name}`, 1),
    ]),
    baseline: baseline === undefined ? undefined : label(baseline, '--baseline', 4096),
    source: options,
  }
}
