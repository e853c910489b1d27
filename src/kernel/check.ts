import { isStorableText, utf8Bytes } from './bytes.ts'
import { optionInvalid } from './errors.ts'

/** A name: not empty, storable, bounded. Throws `OPTION_INVALID`, as all checks here do. */
export function label(value: unknown, name: string, maxBytes: number): string {
  const fits =
    typeof value === 'string' && value.length > 0 && isStorableText(value) && utf8Bytes(value) <= maxBytes
  if (!fits) throw optionInvalid(name, `a string of 1 to ${maxBytes} bytes without NUL`, value)
  return value
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  if (typeof value === 'string' && (allowed as readonly string[]).includes(value)) return value as T
  throw optionInvalid(name, `one of ${allowed.join(', ')}`, value)
}

export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw optionInvalid(name, 'true or false', value)
  return value
}

export function milliseconds(value: unknown, name: string, minMs: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= minMs) return value
  throw optionInvalid(name, `a whole number of milliseconds, at least ${minMs}`, value)
}

export function count(value: unknown, name: string, bounds: { min: number; max: number }): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max)
    return value
  throw optionInvalid(name, `a whole number from ${bounds.min} to ${bounds.max}`, value)
}

/** An object with members; no list, not null. */
export function members<T>(value: T, name: string): T & object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw optionInvalid(name, 'an object', value)
}

/** A function, where there is one at all. */
export function optionalFunction<T>(value: T, name: string): T {
  if (value === undefined || typeof value === 'function') return value
  throw optionInvalid(name, 'a function', value)
}
