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

export function isIntegrityError(error: unknown): error is OncewardError {
  return isOncewardError(error, 'PAYLOAD_ALTERED') || isOncewardError(error, 'PAYLOAD_UNSTATED')
}

/** What a client is told of a body that is not handed on. */
export function refusalAnswer({ code, message, details }: OncewardError): Answer {
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
