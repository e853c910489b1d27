import { optionInvalid } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { type EntryState, entryStates } from '../ledger/entry.ts'
import type { Key } from '../ledger/intent.ts'

/*
 * What people type, turned into what the library takes. Each throws `OPTION_INVALID` (exit code 2) that names the
 * option, the value and what was expected.
 */

export { parseDuration } from '../kernel/duration.ts'

/** A JSON array is the key's parts, anything else is the key itself. A broken array is a mistake, not a key. */
export function parseKey(text: string, name: string): Key {
  if (!text.startsWith('[')) return text
  const parts = tryJson(text)
  if (parts.kind === 'json' && Array.isArray(parts.value)) return parts.value as Key
  throw optionInvalid(name, 'a string, or a JSON array of parts such as ["order",1001]', text)
}

export function parseJson(text: string, name: string): Json {
  const parsed = tryJson(text)
  if (parsed.kind === 'json') return parsed.value
  throw optionInvalid(name, `JSON (${parsed.why})`, text)
}

function tryJson(text: string): { kind: 'json'; value: Json } | { kind: 'broken'; why: string } {
  try {
    return { kind: 'json', value: JSON.parse(text) as Json }
  } catch (error) {
    return { kind: 'broken', why: (error as Error).message }
  }
}

export function parseCount(text: string, name: string, bounds: { min: number; max: number }): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= bounds.min && value <= bounds.max) return value
  throw optionInvalid(name, `a whole number from ${bounds.min} to ${bounds.max}`, text)
}

/** One state, or several with commas: `started,in_doubt`. */
export function parseStates(text: string, name: string): readonly EntryState[] {
  const states = text.split(',')
  const bad = states.find((state) => !(entryStates as readonly string[]).includes(state))
  if (bad !== undefined)
    throw optionInvalid(name, `one of ${entryStates.join(', ')}, or several with commas`, bad)
  return states as EntryState[]
}
