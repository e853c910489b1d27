import { label, members } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'

type Fields = Readonly<Record<string, unknown>>

/** An object with no other members than these: a mistyped name must not become a default. */
export function only(value: unknown, name: string, fields: readonly string[]): Fields {
  const given = value as Fields
  const unknown = Object.keys(given).find((field) => !fields.includes(field))
  if (unknown === undefined) return given
  const message = `${name} has no member ${JSON.stringify(unknown)}; it may have ${fields.join(', ')}.`
  throw new OncewardError('OPTION_INVALID', message)
}

/** A member that is there only where it was given. */
export function optional<N extends string, T>(
  name: N,
  value: unknown,
  parse: (value: unknown, name: string) => T,
): { readonly [name in N]?: T } {
  return value === undefined || value === null ? {} : ({ [name]: parse(value, name) } as Record<N, T>)
}

export function list(value: unknown, name: string, expected: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw optionInvalid(name, expected, value)
}

export function names(value: unknown, name: string): readonly string[] {
  return list(value, name, 'a list of names').map((item, at) => label(item, `${name}[${at}]`, 200))
}

/** A token of RFC 9110, as methods and header names are. */
export function token(value: unknown, name: string): string {
  if (typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(value)) return value
  throw optionInvalid(name, 'a name of letters, digits and hyphens', value)
}

interface Numbers<T> {
  readonly name: string
  readonly check: (value: unknown, name: string, field: keyof T) => number
}

/** An object of numbers, each checked, with what is not said taken from `defaults`. */
export function numbers<T extends { readonly [field in keyof T]: number }>(
  raw: unknown,
  defaults: T,
  { name, check }: Numbers<T>,
): T {
  const given = only(members(raw, name), name, Object.keys(defaults))
  const entries = Object.entries<number>(defaults).map(([field, usual]) => [
    field,
    check(given[field] ?? usual, `${name}.${field}`, field as keyof T),
  ])
  return Object.fromEntries(entries) as T
}
