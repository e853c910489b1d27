import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { optionInvalid } from '../kernel/errors.ts'
import type { WrittenBody } from './message.ts'

export interface Written {
  readonly body: WrittenBody
  readonly contentType?: string | undefined
}

/** A body as it goes over the wire. Throws `OPTION_INVALID` for what is neither text, bytes, stream nor JSON. */
export function writeBody(body: unknown): Written {
  if (body === undefined || body === null) return { body: null }
  if (typeof body === 'string') return { body }
  if (body instanceof Uint8Array) return { body }
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body) }
  if (body instanceof Readable) return { body }
  if (body instanceof ReadableStream) return { body: Readable.fromWeb(body) }
  if (body instanceof URLSearchParams)
    return { body: body.toString(), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' }
  return { body: jsonOf(body), contentType: 'application/json' }
}

/** An object that is written as JSON: one with members, or one that says how. */
export function isJsonObject(body: unknown): body is Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false
  const prototype: unknown = Object.getPrototypeOf(body)
  return prototype === Object.prototype || prototype === null
}

const expected = 'a string, bytes, a stream, or a JSON value'

function jsonOf(body: unknown): string {
  const isKnown =
    typeof body !== 'object' ||
    Array.isArray(body) ||
    isJsonObject(body) ||
    typeof (body as { toJSON?: unknown }).toJSON === 'function'
  // A Blob or a Map would be written as {}.
  const json = isKnown ? stringify(body) : undefined
  if (json === undefined) throw optionInvalid('body', expected, body)
  return json
}

function stringify(body: unknown): string | undefined {
  try {
    return JSON.stringify(body)
  } catch {
    return undefined
  }
}
