import { optionInvalid } from '../../kernel/errors.ts'
import type { AuditOptions } from '../../reconcile/index.ts'
import { parseCount, parseDuration } from '../values.ts'

/** What was typed. */
export interface AuditCommandOptions {
  readonly ref?: string
  readonly effect?: string
  readonly key?: string
  readonly at?: string
  readonly amount?: string
  readonly worker?: string
  readonly segment?: string
  readonly within?: string
  readonly ignore: readonly string[]
  readonly limit?: string
  readonly minorDigits?: string
  readonly assumeUtc?: boolean
  readonly known: readonly string[]
  readonly baseline?: string
  readonly delimiter?: string
  readonly quote?: string
  readonly encoding?: string
  readonly engine?: string
  readonly memory?: string
  readonly threads?: string
  readonly csv?: string | true
  readonly html?: string | true
  readonly printSql?: string
  readonly watch?: boolean
  readonly cursor?: string
  readonly every?: string
  readonly exitOnAlert?: boolean
}

const copied = [
  'effect',
  'key',
  'at',
  'amount',
  'worker',
  'segment',
  'assumeUtc',
  'baseline',
  'quote',
  'encoding',
  'engine',
  'memory',
] as const

/** Throws `OPTION_INVALID`. Values that the library checks are left to it. */
export function auditOptions(typed: AuditCommandOptions): AuditOptions {
  const given = copied.filter((name) => typed[name] !== undefined).map((name) => [name, typed[name]])
  return {
    ...(Object.fromEntries(given) as AuditOptions),
    ...(typed.ref !== undefined && { ref: columns(typed.ref, '--ref') }),
    ...(typed.ignore.length > 0 && { ignore: typed.ignore.flatMap((text) => columns(text, '--ignore')) }),
    ...(typed.within !== undefined && { withinMs: parseDuration(typed.within, '--within') }),
    ...(typed.limit !== undefined && {
      limit: parseCount(typed.limit, '--limit', { min: 0, max: 1_000_000 }),
    }),
    ...(typed.minorDigits !== undefined && {
      minorDigits: parseCount(typed.minorDigits, '--minor-digits', { min: 0, max: 6 }),
    }),
    ...(typed.threads !== undefined && {
      threads: parseCount(typed.threads, '--threads', { min: 1, max: 1024 }),
    }),
    ...(typed.delimiter !== undefined && { delimiter: typed.delimiter === '\\t' ? '\t' : typed.delimiter }),
    known: Object.fromEntries(typed.known.map(knownGap)),
  }
}

function columns(text: string, name: string): string[] {
  const found = text.split(',').map((column) => column.trim())
  if (found.includes('')) throw optionInvalid(name, 'a column, or several with commas', text)
  return found
}

/** `lease=30000`, in milliseconds, or `lease=30s`. */
function knownGap(text: string): [string, number] {
  const [, name = '', value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === '') throw optionInvalid('--known', 'NAME=MS, such as lease=30000 or lease=30s', text)
  const ms = /^\d{1,12}$/.test(value) ? Number(value) : parseDuration(value, `--known ${name}`)
  return [name, ms]
}
