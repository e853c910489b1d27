import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { describe } from './errors.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** Where in a value something is not JSON, as an RFC 6901 pointer, and what it is. */
export interface JsonFlaw {
  readonly pointer: string
  readonly what: string
}

const maxDepth = 100

/** Finds the first place where `value` is not JSON; `lenient` allows what JSON.stringify converts without loss. */
export function findJsonFlaw(value: unknown, lenient = false): JsonFlaw | undefined {
  const found = walk(value, { lenient, open: [] })
  return found === undefined
    ? undefined
    : { pointer: found.path.map((token) => `/${escapePointer(token)}`).join(''), what: found.what }
}

interface Walk {
  readonly lenient: boolean
  /** The objects around the current one: a value inside of itself is a cycle. */
  readonly open: object[]
}

/** The path is put together on the way back, so that a value without a flaw costs none. */
interface Found {
  readonly path: readonly string[]
  readonly what: string
}

function flaw(what: string): Found {
  return { path: [], what }
}

function walk(value: unknown, at: Walk): Found | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : flaw('a lone surrogate')
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : flaw(String(value))
    case 'undefined':
      return at.lenient ? undefined : flaw('undefined')
    case 'object':
      return value === null ? undefined : walkObject(value, at)
    default:
      return flaw(`${typeof value === 'bigint' ? 'the BigInt ' : ''}${describe(value)}`)
  }
}

function walkObject(value: object, at: Walk): Found | undefined {
  if (at.open.includes(value)) return flaw('a cycle')
  if (at.open.length >= maxDepth) return flaw(`nested deeper than ${maxDepth} levels`)
  at.open.push(value)
  const found = Array.isArray(value) ? walkItems(value, at) : walkMembers(value, at)
  at.open.pop()
  return found
}

function walkItems(items: readonly unknown[], at: Walk): Found | undefined {
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index]
    const found = item === undefined ? flaw('undefined') : walk(item, at)
    if (found !== undefined) return { path: [String(index), ...found.path], what: found.what }
  }
  return undefined
}

function walkMembers(value: object, at: Walk): Found | undefined {
  if (at.lenient && 'toJSON' in value && typeof value.toJSON === 'function') {
    return walk((value.toJSON as () => unknown)(), at)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const isPlain = Object.getPrototypeOf(prototype) === null
    const isCollection = value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)
    if ((!isPlain && !at.lenient) || isCollection)
      return flaw(`a ${value.constructor?.name ?? 'object'}, not a plain object`)
    // A promise, an error, a fetch response: JSON.stringify would make it {} without a word.
    if (!isPlain && Object.keys(value).length === 0)
      return flaw(`a ${value.constructor?.name ?? 'object'} without members`)
  }
  for (const name of Object.keys(value)) {
    const found = walk((value as Record<string, unknown>)[name], at)
    if (found !== undefined) return { path: [name, ...found.path], what: found.what }
    if (!name.isWellFormed()) return flaw('a name with a lone surrogate')
  }
  return undefined
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** RFC 8785 form of a value that `findJsonFlaw` accepted. */
export function canonicalJson(value: Json): string {
  // RFC 8785 writes strings and numbers as JSON.stringify does (3.2.2), so what is in order needs no more.
  return isInOrder(value) ? JSON.stringify(value) : (canonicalize(value) ?? 'null')
}

function isInOrder(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return true
  const names = Object.keys(value)
  const isList = Array.isArray(value)
  return names.every(
    (name, at) =>
      (isList || at === 0 || (names[at - 1] as string) < name) &&
      isInOrder((value as Readonly<Record<string, Json>>)[name]),
  )
}

/** SHA-256 over the RFC 8785 form, base64url, 43 characters. */
export function fingerprintOf(canonical: string): string {
  return hash('sha256', canonical, 'base64url')
}

/** A copy of `value` without the members that the RFC 6901 `pointers` name. `*` stands for every array item or member. */
export function withoutPointers(value: Json, pointers: readonly string[]): Json {
  return pointers.reduce<Json>(
    (left, pointer) => without(left, pointer.split('/').slice(1).map(unescapePointer)),
    value,
  )
}

function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

function without(value: Json, path: readonly string[]): Json {
  const [head, ...rest] = path
  if (head === undefined || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, index) => {
      if (head !== '*' && head !== String(index)) return [item]
      return rest.length === 0 ? [] : [without(item, rest)]
    })
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      if (head !== '*' && head !== name) return [[name, member]]
      return rest.length === 0 ? [] : [[name, without(member, rest)]]
    }),
  )
}
