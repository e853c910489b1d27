import { isStorableText, utf8Bytes } from '../kernel/bytes.ts'
import { describe, OncewardError } from '../kernel/errors.ts'
import type { Key, KeyPart } from './intent.ts'

export const maxKeyBytes = 255

/**
 * The text under which a key is stored. A string stands for itself. Parts are joined length-delimited, as netstrings
 * behind a `~` (`~5:order,4:1001,`), so that `['ab', 'c']` and `['a', 'bc']` differ; a string that begins with `~`
 * gets a second one, so that no string looks like parts. Throws `KEY_INVALID`.
 */
export function encodeKey(key: Key): string {
  const encoded = typeof key === 'string' ? encodeText(key) : encodeParts(key)
  const bytes = utf8Bytes(encoded)
  if (bytes > maxKeyBytes) throw keyInvalid(`at most ${maxKeyBytes} bytes, this one has ${bytes}`, key)
  return encoded
}

/** The key as receipts show it: the string, or the parts as strings. */
export function decodeKey(encoded: string): string | readonly string[] {
  if (!encoded.startsWith('~')) return encoded
  if (encoded.startsWith('~~')) return encoded.slice(1)
  const parts: string[] = []
  const bytes = Buffer.from(encoded, 'utf8')
  for (let at = 1; at < bytes.length; ) {
    const colon = bytes.indexOf(':', at)
    const length = Number(bytes.toString('utf8', at, colon))
    parts.push(bytes.toString('utf8', colon + 1, colon + 1 + length))
    at = colon + length + 2
  }
  return parts
}

function encodeText(key: string): string {
  if (key.length === 0) throw keyInvalid('a string that is not empty', key)
  if (!isStorableText(key)) throw keyInvalid('well-formed text without NUL', key)
  return key.startsWith('~') ? `~${key}` : key
}

function encodeParts(key: readonly KeyPart[]): string {
  if (!Array.isArray(key)) throw keyInvalid('a string, or an array of parts', key)
  if (key.length === 0) throw keyInvalid('at least one part', key)
  return `~${key.map((part) => netstring(partText(part, key))).join('')}`
}

function netstring(text: string): string {
  return `${utf8Bytes(text)}:${text},`
}

function partText(part: unknown, key: Key): string {
  switch (typeof part) {
    case 'string':
      if (part.length === 0) throw keyInvalid('parts that are not empty', key)
      if (!isStorableText(part)) throw keyInvalid('well-formed text without NUL', key)
      return part
    case 'number':
      // Beyond 2^53 neighbours are one number, and two orders would be one piece of work.
      if (!Number.isFinite(part) || (Number.isInteger(part) && !Number.isSafeInteger(part)))
        throw keyInvalid('finite numbers below 2^53 (larger as bigint or string)', key)
      return String(part)
    case 'bigint':
    case 'boolean':
      return String(part)
    default:
      throw keyInvalid(`strings, numbers, bigints and booleans, one part is ${describe(part)}`, key)
  }
}

function keyInvalid(expected: string, key: unknown): OncewardError {
  return new OncewardError('KEY_INVALID', `A key must be ${expected}; got ${describe(key)}.`, {
    details: { key: describe(key) },
  })
}
