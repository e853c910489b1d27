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
  return walk(value, '', { lenient, open: new Set(), depth: 0 })
}

interface Walk {
  readonly lenient: boolean
  readonly open: Set<object>
  readonly depth: number
}

function walk(value: unknown, pointer: string, at: Walk): JsonFlaw | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : { pointer, what: 'a lone surrogate' }
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : { pointer, what: String(value) }
    case 'undefined':
      return at.lenient ? undefined : { pointer, what: 'undefined' }
    case 'object':
      return value === null ? undefined : walkObject(value, pointer, at)
    default:
      return { pointer, what: `${typeof value === 'bigint' ? 'the BigInt ' : ''}${describe(value)}` }
  }
}

function walkObject(value: object, pointer: string, at: Walk): JsonFlaw | undefined {
  if (at.open.has(value)) return { pointer, what: 'a cycle' }
  if (at.depth >= maxDepth) return { pointer, what: `nested deeper than ${maxDepth} levels` }
  const inner: Walk = { ...at, depth: at.depth + 1 }
  at.open.add(value)
  try {
    return walkMembers(value, pointer, inner)
  } finally {
    at.open.delete(value)
  }
}

function walkMembers(value: object, pointer: string, at: Walk): JsonFlaw | undefined {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const flaw = item === undefined ? { pointer: `${pointer}/${index}`, what: 'undefined' } : walk(item, `${pointer}/${index}`, at)
      if (flaw !== undefined) return flaw
    }
    return undefined
  }
  if (at.lenient && 'toJSON' in value && typeof value.toJSON === 'function') {
    return walk((value.toJSON as () => unknown)(), pointer, at)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
  const isCollection = value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)
  if ((!isPlain && !at.lenient) || isCollection) {
    return { pointer, what: `a ${value.constructor?.name ?? 'object'}, not a plain object` }
  }
  for (const [name, member] of Object.entries(value)) {
    const flaw = walk(member, `${pointer}/${escapePointer(name)}`, at)
    if (flaw !== undefined) return flaw
    if (!name.isWellFormed()) return { pointer, what: 'a name with a lone surrogate' }
  }
  return undefined
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** RFC 8785 form of a value that `findJsonFlaw` accepted. */
export function canonicalJson(value: Json): string {
  return canonicalize(value) ?? 'null'
}

/** SHA-256 over the RFC 8785 form, base64url, 43 characters. */
export function fingerprintOf(canonical: string): string {
  return hash('sha256', canonical, 'base64url')
}

/** A copy of `value` without the members that the RFC 6901 `pointers` name. `*` stands for every array item or member. */
export function withoutPointers(value: Json, pointers: readonly string[]): Json {
  return pointers.reduce<Json>((left, pointer) => without(left, pointer.split('/').slice(1).map(unescapePointer)), value)
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
