import { parseTimestamp } from '../kernel/time.ts'
import type { Key } from './intent.ts'

/** What the lint says of a key. `warn` is never refused. */
export type KeyLint =
  | { readonly kind: 'fine' }
  | { readonly kind: 'warn' | 'unstable'; readonly message: string }

const windowMs = 10 * 60 * 1000
const instantPattern = /\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)/g
/** Runs of exactly 13 or 10 digits, alone or inside a longer string; a Snowflake has more. */
const millisecondsPattern = /(?<!\d)\d{13}(?!\d)/g
const secondsPattern = /(?<!\d)\d{10}(?!\d)/g
/** Without ten digits in a row or a date with a time behind it there is nothing to look at. */
const mayHoldInstant = /\d{10}|\d-\d\d[Tt ]\d/
/** UUIDs with dashes and without, and ULIDs: whatever digits they hold are no time. */
const idPattern =
  /[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|(?<![0-9a-z])[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9a-z])/gi

/**
 * Looks for an instant within ten minutes of now in a key: it is minted anew by every retry, so the key names the
 * attempt and not the work (DESIGN.md section 3). Calendar dates, UUIDs, ULIDs and Snowflakes pass.
 */
export function lintKey(key: Key, nowMs: number): KeyLint {
  const parts: readonly unknown[] = Array.isArray(key) ? key : [key]
  let warning: KeyLint = { kind: 'fine' }
  for (const part of parts) {
    const found = lintPart(part, nowMs)
    if (found.kind === 'unstable') return found
    if (found.kind === 'warn') warning = found
  }
  return warning
}

function lintPart(part: unknown, nowMs: number): KeyLint {
  if (part instanceof Date) return unstable('a Date', part.toString())
  if (!mayHoldInstant.test(String(part))) return { kind: 'fine' }
  const text = String(part).replaceAll(idPattern, '#')
  const near = (ms: number | undefined): boolean => ms !== undefined && Math.abs(ms - nowMs) <= windowMs
  for (const [match] of text.matchAll(instantPattern)) {
    if (near(parseTimestamp(match))) return unstable('an instant', match)
  }
  for (const [match] of text.matchAll(millisecondsPattern)) {
    if (near(Number(match))) return unstable('a time in milliseconds', match)
  }
  for (const [match] of text.matchAll(secondsPattern)) {
    if (near(Number(match) * 1000))
      return { kind: 'warn', message: `The key seems to hold a time in seconds (${match}).` }
  }
  return { kind: 'fine' }
}

function unstable(what: string, match: string): KeyLint {
  const message = `The key holds ${what} (${match}) within ten minutes of now, so a retry would make another key. Name the work instead: an order number, a row id.`
  return { kind: 'unstable', message }
}
