import { isOncewardError, type OncewardError } from '../../kernel/errors.ts'
import type { Answer } from '../message.ts'
import { defaultDocsUrl, problemAnswer } from '../problems.ts'

export const defaultMaxBodyBytes: number = 16 * 1024 * 1024

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
