import type { IncomingMessage } from 'node:http'
import { optionInvalid } from '../../kernel/errors.ts'
import { emptyBody } from '../answer.ts'

/** How reading a body ended. */
export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  /** The client went away, or the connection broke, before the body was whole. */
  | { readonly kind: 'cut' }

/**
 * Reads a body and puts it back, so that whoever reads the request afterwards finds it whole and unread: a handler, a
 * body parser. Of HTTP/1.1 only: a stream that has not told of its end takes back what was read from it, and tells of it again.
 */
export function peekBody(request: IncomingMessage, maxBytes: number): Promise<BodyReading> | BodyReading {
  const { headers } = request
  if (request.httpVersionMajor > 1)
    throw optionInvalid('body', 'what the framework has read, for requests of HTTP/2', undefined)
  const length = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0))
    return { kind: 'read', bytes: emptyBody }
  if (Number(length) > maxBytes) return { kind: 'too-large' }
  if (request.destroyed && !request.complete) return { kind: 'cut' }
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let bytes = 0
    const end = (reading: BodyReading): void => {
      request.off('readable', onReadable)
      request.off('close', onCut)
      resolve(reading)
    }
    const onReadable = (): void => {
      for (;;) {
        const chunk = request.read() as Uint8Array | null
        if (chunk === null) break
        chunks.push(chunk)
        bytes += chunk.byteLength
        if (bytes > maxBytes) return end({ kind: 'too-large' })
      }
      // The parser has seen the end, the stream has not told of it: the last moment at which it takes anything back.
      if (request.complete) onWhole()
    }
    const onWhole = (): void => {
      const [only] = chunks
      const whole = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
      if (whole.byteLength > 0) request.unshift(whole)
      end({ kind: 'read', bytes: whole })
    }
    // A message that nobody hears the error of closes all the same.
    const onCut = (): void => end({ kind: 'cut' })
    request.on('readable', onReadable)
    request.on('close', onCut)
  })
}
