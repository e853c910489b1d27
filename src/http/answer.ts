import { isUtf8 } from 'node:buffer'
import { count } from '../kernel/check.ts'
import { OncewardError } from '../kernel/errors.ts'
import type { Answer, AnswerInit, HeaderPairs } from './message.ts'

/** An answer as it lies in the ledger, and as `onceward show` prints it. */
export interface StoredAnswer {
  readonly status: number
  readonly headers: HeaderPairs
  /** The body, where it is UTF-8. */
  readonly text?: string
  /** The body, where it is not. */
  readonly base64?: string
  /** The body was larger than is kept: how large. */
  readonly notKeptBytes?: number
}

export const emptyBody: Uint8Array = new Uint8Array(0)

/** The form of an answer that is kept: less the headers that are not replayed. */
export function packAnswer(answer: Answer, replays: (name: string) => boolean): StoredAnswer {
  const { status, body } = answer
  const headers = answer.headers.filter(([name]) => replays(name))
  if (body.length === 0) return { status, headers }
  // What is no character is sent as U+FFFD, and replayed as that.
  if (typeof body === 'string') return { status, headers, text: body.toWellFormed() }
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return isUtf8(body)
    ? { status, headers, text: buffer.toString('utf8') }
    : { status, headers, base64: buffer.toString('base64') }
}

/** The kept answer, byte for byte; `undefined` where its body was not kept. Throws `RESULT_INVALID` for anything else. */
export function unpackAnswer(stored: unknown): Answer | undefined {
  if (!isStoredAnswer(stored))
    throw new OncewardError('RESULT_INVALID', 'What is kept under this key is no answer of an HTTP handler.')
  const { status, headers, text, base64, notKeptBytes } = stored
  if (notKeptBytes !== undefined) return undefined
  if (text !== undefined) return { status, headers, body: text }
  return { status, headers, body: base64 === undefined ? '' : Buffer.from(base64, 'base64') }
}

function isStoredAnswer(value: unknown): value is StoredAnswer {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers } = value as Partial<StoredAnswer>
  return typeof status === 'number' && Array.isArray(headers)
}

/** A whole answer of what a transaction returned. Throws `OPTION_INVALID`. */
export function answerOf(init: AnswerInit): Answer {
  const { status = 200, headers = {}, body } = init
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  const type = contentTypeOf(body)
  const isTyped = type === undefined || pairs.some(([name]) => name === 'content-type')
  return {
    status: count(status, 'status', { min: 200, max: 599 }),
    headers: isTyped ? pairs : [...pairs, ['content-type', type]],
    body: bodyOf(body),
  }
}

function contentTypeOf(body: unknown): string | undefined {
  if (body === undefined || body instanceof Uint8Array) return undefined
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
}

function bodyOf(body: unknown): string | Uint8Array {
  if (body === undefined) return ''
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
}
