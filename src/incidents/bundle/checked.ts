import { label, members, oneOf } from '../../kernel/check.ts'
import { OncewardError, optionInvalid } from '../../kernel/errors.ts'
import { nearest } from '../../reconcile/sources/nearest.ts'
import { parseInstant } from '../../reconcile/values/instant.ts'
import type { TimeSpan } from '../model.ts'

/*
 * What stands in incident.yaml, checked in one way at every depth. All throw `OPTION_INVALID` with the path of the field, the
 * value, what was expected, and the nearest name where one is like it.
 */

const maxTextBytes = 16_384

export type Members = Readonly<Record<string, unknown>>

/** An object that has no fields but these. */
export function fieldsOf(raw: unknown, name: string, allowed: readonly string[]): Members {
  const given = members(raw, name) as Members
  const extra = Object.keys(given).find((field) => !allowed.includes(field))
  if (extra === undefined) return given
  const near = nearest(extra, allowed)
  const hint = near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`
  throw new OncewardError(
    'OPTION_INVALID',
    `${name} has no field ${JSON.stringify(extra)}.${hint} It may have ${allowed.join(', ')}.`,
  )
}

/** One of a list of words. */
export function nearestOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  if (typeof value === 'string' && !(allowed as readonly string[]).includes(value)) {
    const near = nearest(value, allowed)
    if (near !== undefined)
      throw optionInvalid(name, `one of ${allowed.join(', ')} (did you mean ${near}?)`, value)
  }
  return oneOf(value, allowed, name)
}

/** The optional texts of an object that are there. */
export function texts<T extends string>(
  given: Members,
  names: readonly T[],
  prefix: string,
): Partial<Record<T, string>> {
  const found = names.flatMap((name) => {
    const value = given[name]
    return value === undefined || value === null ? [] : [[name, textOf(value, `${prefix}${name}`)] as const]
  })
  return Object.fromEntries(found) as Partial<Record<T, string>>
}

/** YAML makes numbers and dates of some texts; what a person wrote as text is taken as that. */
export function textOf(value: unknown, name: string): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'object' && value !== null)
    throw optionInvalid(name, 'a text, in quotes where it has a colon and a space', value)
  return label(value, name, maxTextBytes)
}

export function list(raw: unknown, name: string, max: number): readonly unknown[] {
  if (raw === undefined || raw === null) return []
  if (Array.isArray(raw) && raw.length <= max) return raw as readonly unknown[]
  throw optionInvalid(name, `a list of at most ${max}`, Array.isArray(raw) ? `${raw.length} entries` : raw)
}

export function spanOf(raw: unknown, name: string): TimeSpan {
  const given = fieldsOf(raw, name, ['from', 'to'])
  const span = { fromMs: timeOf(given['from'], `${name}.from`), toMs: timeOf(given['to'], `${name}.to`) }
  if (span.toMs <= span.fromMs) throw optionInvalid(`${name}.to`, `a time after ${name}.from`, given['to'])
  return span
}

/** In the bundle's own file a zone is required: nothing there could tell which is meant. */
export function timeOf(value: unknown, name: string): number {
  const instant = typeof value === 'string' ? parseInstant(value, 'iso') : undefined
  if (instant === undefined || !instant.hasZone)
    throw optionInvalid(name, 'a time with its zone such as 2026-06-03T02:14:00Z', value)
  return instant.ms
}

/** A day of the calendar, without a time. */
export function dateOf(value: unknown, name: string): string {
  const isDay =
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\d$/.test(value) &&
    new Date(`${value}T00:00:00Z`).getTime() >= 0 &&
    new Date(`${value}T00:00:00Z`).toISOString().startsWith(value)
  if (!isDay) throw optionInvalid(name, 'a date such as 2026-06-12', value)
  return value
}
