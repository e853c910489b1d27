import type { HeaderReader } from '../../integrity/content-digest.ts'
import type { Integrity } from '../../integrity/integrity.ts'
import { count, members } from '../../kernel/check.ts'
import { isOncewardError, type OncewardError } from '../../kernel/errors.ts'
import type { Answer } from '../message.ts'
import { defaultDocsUrl, problemAnswer } from '../problems.ts'

export interface BodyCheckOptions {
  /** A body is held in memory until it has been checked, and is refused where it is larger. Default 16,777,216 bytes. */
  readonly maxBodyBytes?: number
}

/** Throws `OPTION_INVALID`. */
export function parseMaxBodyBytes(options: BodyCheckOptions): number {
  const { maxBodyBytes = 16 * 1024 * 1024 } = members(options, 'options')
  return count(maxBodyBytes, 'maxBodyBytes', { min: 1, max: 2 ** 31 })
}

/** A request with its whole body. */
export interface WholeRequest {
  readonly method: string
  readonly path: string
  readonly header: HeaderReader
  readonly bytes: Uint8Array
}

const withContent: readonly string[] = ['POST', 'PUT', 'PATCH']

/**
 * Gives the answer where the request is refused. A request of another method that has no body has nothing to state; a
 * body that was dropped on the way is seen by the digest that is left.
 */
export function checkRequest(
  integrity: Integrity,
  { method, path, header, bytes }: WholeRequest,
): Answer | undefined {
  const isStated = header('content-digest') !== undefined || header('repr-digest') !== undefined
  if (bytes.byteLength === 0 && !isStated && !withContent.includes(method)) return undefined
  try {
    integrity.checkHeaders(header, bytes, `${method} ${path}`)
    return undefined
  } catch (error) {
    if (isOncewardError(error)) return refusalAnswer(error)
    throw error
  }
}

/** What a client is told of a body that is not handed on. */
function refusalAnswer({ code, message, details }: OncewardError): Answer {
  if (code === 'PAYLOAD_ALTERED')
    return problemAnswer(defaultDocsUrl, 'payload-altered', {
      detail: message,
      more: { why: details['why'] },
    })
  const answer = problemAnswer(defaultDocsUrl, 'payload-unstated', { detail: message })
  // RFC 9530 section 4: which digest is wanted.
  return { ...answer, headers: [...answer.headers, ['want-content-digest', 'sha-256=10']] }
}

export function tooLargeAnswer(maxBytes: number): Answer {
  return problemAnswer(defaultDocsUrl, 'body-too-large', {
    detail: `At most ${maxBytes} bytes are taken here.`,
  })
}
