import type { IncomingMessage } from 'node:http'
import { utf8 } from '../../kernel/bytes.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { emptyBody } from '../answer.ts'
import type { HttpBody } from '../message.ts'
import type { NodeRequestLike } from './types.ts'

/** Where body parsers leave what they have read. */
export interface ParsedRequest {
  readonly body?: unknown
  /** The bytes as they came, or the text: where the application asks its parser to keep them. */
  readonly rawBody?: unknown
}

/**
 * The body of a request that a parser in front has read, `undefined` where it is still unread. Bytes and text count as
 * they are, anything else by its meaning, unless the parser has kept the bytes at `rawBody`.
 *
 * Throws `OPTION_INVALID` where the body was read and nothing of it is left: every body would look the same.
 */
export function parsedBody(read: NodeRequestLike, parsed: ParsedRequest): HttpBody | undefined {
  const request = read as IncomingMessage
  if (!request.readableEnded) return undefined
  const { body } = parsed
  const bytes = bytesOf(parsed.rawBody) ?? bytesOf(body)
  if (bytes !== undefined) return bytes === bytesOf(body) ? { bytes } : { bytes, parsed: body }
  if (body !== undefined && body !== null) return { parsed: body }
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined)
    return { bytes: emptyBody }
  throw optionInvalid(
    'body',
    'unread, or at request.body or request.rawBody, when idempotency looks at it',
    'read and gone',
  )
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? utf8(value) : undefined
}
