import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Integrity } from '../../integrity/integrity.ts'
import { type BodyReading, peekBody } from '../node/body.ts'
import type { NodeRequestLike, NodeResponseLike } from '../node/types.ts'
import { writeAnswer } from '../node/write-answer.ts'
import { type BodyCheckOptions, checkRequest, parseMaxBodyBytes, tooLargeAnswer } from './check-request.ts'

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
    bodyOf(request, maxBytes).then(
      (reading) => {
        // The client has gone.
        if (reading.kind === 'cut') return
        if (reading.kind === 'too-large') {
          // The rest of the body is not read.
          response.setHeader('connection', 'close')
          return writeAnswer(response, tooLargeAnswer(maxBytes))
        }
        const { method = 'GET', url = '/' } = request
        const refusal = checkRequest(integrity, {
          method,
          path: pathOf(url),
          header: headerOf(request),
          ...reading,
        })
        if (refusal === undefined) return next()
        return writeAnswer(response, refusal)
      },
      (error: unknown) => next(error),
    )
  }
}

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<BodyReading> {
  return peekBody(request, maxBytes)
}

function headerOf({ headers }: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
