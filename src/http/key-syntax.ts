import { isInnerList, parseItem, Token } from 'structured-headers'
import type { KeySyntax } from './profiles.ts'

/** A key as it was read from a header. */
export type KeyReading =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'malformed'; readonly why: string }

/** Longest key, in characters, decoded. */
const maxKeyLength = 255

/** Visible ASCII less what separates things in a header: quotes, commas, semicolons, backslashes. */
const bareToken = /^[!#-+\--:<-[\]-~]+$/

/**
 * Reads the key of a header (draft-07 §2.1). Two header lines come joined by a comma, which no syntax here allows.
 * Parameters of a structured item are allowed and ignored.
 */
export function readKey(value: string, syntax: KeySyntax): KeyReading {
  const text = value.trim()
  const isQuoted = text.startsWith('"')
  if (syntax === 'bare' || (syntax === 'sf-or-bare' && !isQuoted && !text.includes(';')))
    return readBare(text)
  return readItem(text, syntax)
}

function readBare(text: string): KeyReading {
  if (text === '') return malformed('it is empty')
  return bareToken.test(text) ? bounded(text) : malformed('a bare key is one token of visible ASCII')
}

function readItem(text: string, syntax: KeySyntax): KeyReading {
  let value: unknown
  try {
    const item = parseItem(text)
    value = isInnerList(item) ? undefined : item[0]
  } catch (error) {
    return malformed(`it is no structured field item of type String: ${(error as Error).message}`)
  }
  if (typeof value === 'string') return bounded(value)
  if (value instanceof Token && syntax === 'sf-or-bare') return bounded(value.toString())
  return malformed('it must be a structured field item of type String, in double quotes')
}

function bounded(key: string): KeyReading {
  if (key === '') return malformed('it is empty')
  if (key.length > maxKeyLength)
    return malformed(`it has ${key.length} characters, ${maxKeyLength} are allowed`)
  return { kind: 'key', key }
}

function malformed(why: string): KeyReading {
  return { kind: 'malformed', why }
}
