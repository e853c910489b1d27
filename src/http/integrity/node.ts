import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Integrity } from '../../integrity/integrity.ts'
import type { OncewardError } from '../../kernel/errors.ts'
import { peekBody } from '../node/body.ts'
import type { NodeRequestLike, NodeResponseLike } from '../node/types.ts'
import { writeAnswer } from '../node/write-answer.ts'
import {
  type BodyCheckOptions,
  isIntegrityError,
  parseMaxBodyBytes,
  refusalAnswer,
  tooLargeAnswer,
} from './refusal.ts'

/**
 * Middleware for `node:http` and what is made like it (Express, Connect, Nest on Express): holds the body to its digest,
 * and puts it back whole. It goes in front of body parsers. HTTP/1.1 only. Throws `OPTION_INVALID`.
 *
 * ```ts
 * app.use(checkBody(createIntegrity()))
 * ```
 */
export function checkBody(
  integrity: Integrity,
  options: BodyCheckOptions = {},
): (request: NodeRequestLike, response: NodeResponseLike, next: (error?: unknown) => void) => void {
  const maxBytes = parseMaxBodyBytes(options)
  return (given, answered, next) => {
    const [request, response] = [given as IncomingMessage, answered as object as ServerResponse]
    checkRequest(integrity, request, maxBytes).then(
      (outcome) => {
        if (outcome === 'intact') return next()
        if (outcome === 'gone') return undefined
        if (outcome !== 'too-large') return writeAnswer(response, refusalAnswer(outcome))
        // The rest of the body is not read.
        response.setHeader('connection', 'close')
        return writeAnswer(response, tooLargeAnswer(maxBytes))
      },
      (error: unknown) => next(error),
    )
  }
}

async function checkRequest(
  integrity: Integrity,
  request: IncomingMessage,
  maxBytes: number,
): Promise<'intact' | 'gone' | 'too-large' | OncewardError> {
  const { headers } = request
  // GET and its like have no body, and nothing to state.
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return 'intact'
  const reading = await peekBody(request, maxBytes)
  if (reading.kind === 'too-large') return 'too-large'
  if (reading.kind === 'cut') return 'gone'
  const header = (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  try {
    integrity.checkHeaders(header, reading.bytes, `${request.method} ${pathOf(request.url ?? '/')}`)
    return 'intact'
  } catch (error) {
    if (isIntegrityError(error)) return error
    throw error
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
