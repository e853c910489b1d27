import type { LoadedSource } from './row.ts'

/*
 * Constants that a gap may be explained by, as they stand in configuration and code: RETRY_DELAY=2000,
 * `visibility_timeout: 30s`, `timeoutMs: 5000`.
 */

interface Rule {
  readonly name: string
  readonly pattern: RegExp
  /** What a bare number means. */
  readonly unitMs?: number
}

const rules: readonly Rule[] = [
  { name: 'dedupeTtlMs', pattern: /(dedup\w*|idempoten\w*)[_.-]?\w*(ttl|expir\w*|retention|window)/i },
  {
    name: 'leaseMs',
    pattern: /(lease|visibility|ack)[_.-]?(timeout|deadline|ms|duration|seconds)|\blease\b/i,
  },
  { name: 'retryDelaysMs', pattern: /(retry|backoff)[_.-]?\w*(delay|interval|wait|backoff|period)/i },
  { name: 'cronPeriodMs', pattern: /(cron|schedule|poll|job)[_.-]?\w*(period|interval|every)/i },
  { name: 'senderTimeoutMs', pattern: /(sender|webhook|delivery|callback)[_.-]?\w*timeout/i },
  { name: 'retentionMs', pattern: /(retention|retry[_.-]?window|max[_.-]?age)/i },
  { name: 'clientTimeoutMs', pattern: /((client|request|http|read|socket|response|connect)[_.-]?)?timeout/i },
  {
    name: 'receiveLimitBytes',
    pattern: /max[_.-]?(receive|recv|message|body|request|payload)[_.-]?\w*(size|length|bytes|message)/i,
    unitMs: 1,
  },
  {
    name: 'attemptLimits',
    pattern: /(max[_.-]?)(attempts|retries|tries)|\b(attempts|retries)\b|retry[_.-]?(max|limit|count)/i,
    unitMs: 1,
  },
]

const assignment =
  /(?<![\w.-])["']?([A-Za-z][\w.-]{2,60})["']?\s*[:=]\s*["']?(\d+(?:_\d{3})*(?:\.\d+)?)[ \t]*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|kib|kb|mib|mb|b)?\b/gi

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizes: Readonly<Record<string, number>> = { b: 1, kb: 1024, kib: 1024, mb: 1_048_576, mib: 1_048_576 }
const maxFound = 50

export interface Constants {
  readonly known: Readonly<Record<string, number | readonly number[]>>
  readonly notes: readonly string[]
}

export function constantsIn(sources: readonly LoadedSource[]): Constants {
  const found = new Map<string, Set<number>>()
  const notes: string[] = []
  for (const source of sources) {
    for (const { path, text } of textsOf(source)) {
      for (const { name, value, said } of constantsOf(text)) {
        const values = found.get(name) ?? new Set<number>()
        if (values.has(value) || notes.length >= maxFound) continue
        values.add(value)
        found.set(name, values)
        notes.push(`${source.id}: ${path} says ${said}, read as ${name} ${value}.`)
      }
    }
  }
  const known = Object.fromEntries(
    [...found].map(([name, values]) => [name, values.size === 1 ? ([...values][0] ?? 0) : [...values]]),
  )
  return { known, notes }
}

function textsOf(source: LoadedSource): readonly { path: string; text: string }[] {
  if (source.files !== undefined) return source.files
  if (source.kind !== 'config') return []
  const text = source.rows.map((row) => `${row.name ?? ''} = ${row.value ?? ''}`).join('\n')
  return [{ path: source.path, text }]
}

export function constantsOf(text: string): { name: string; value: number; said: string }[] {
  const found: { name: string; value: number; said: string }[] = []
  for (const match of text.matchAll(assignment)) {
    const [, word = '', digits = '', unit = ''] = match
    const rule = rules.find(({ pattern }) => pattern.test(word))
    const number = Number(digits.replaceAll('_', ''))
    if (rule === undefined || !(number > 0)) continue
    const value =
      rule.unitMs === undefined
        ? milliseconds(word, number, unit.toLowerCase())
        : number * (sizes[unit.toLowerCase()] ?? 1)
    found.push({ name: rule.name, value: Math.round(value), said: `${word} ${digits}${unit}` })
    if (found.length >= maxFound) break
  }
  return found
}

/** A bare number is in the unit that its name says, else in milliseconds where it is large and seconds where it is small. */
function milliseconds(word: string, number: number, unit: string): number {
  const short = unit.startsWith('ms') || unit.startsWith('milli') ? 'ms' : unit.charAt(0)
  if (short !== '') return number * (units[short] ?? 1)
  if (/ms$|millis/i.test(word)) return number
  if (/(seconds|secs|_s)$/i.test(word)) return number * 1000
  if (/(hours|_h)$/i.test(word)) return number * 3_600_000
  return number < 100 ? number * 1000 : number
}
