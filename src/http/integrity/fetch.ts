import { contentDigest } from '../../integrity/content-digest.ts'
import type { Integrity } from '../../integrity/integrity.ts'
import { utf8 } from '../../kernel/bytes.ts'
import { OncewardError } from '../../kernel/errors.ts'
import { responseOf } from '../fetch/capture.ts'
import { type BodyCheckOptions, checkRequest, parseMaxBodyBytes, tooLargeAnswer } from './check-request.ts'

/** For senders: the headers that state what `body` is. Text is stated as UTF-8. */
export function integrityHeaders(body: string | Uint8Array): {
  readonly 'content-digest': string
  readonly 'content-length': string
} {
  const bytes = typeof body === 'string' ? utf8(body) : body
  return { 'content-digest': contentDigest(bytes), 'content-length': String(bytes.byteLength) }
}

/** A response that states its digest. Its body is read whole: not for event streams. */
export async function digestedResponse(response: Response): Promise<Response> {
  if (response.body === null) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(integrityHeaders(bytes))) headers.set(name, value)
  return new Response(bytes, { status, statusText, headers })
}

/**
 * A fetch-style handler whose requests are held to their digest. It gets the request with the same body, still unread.
 * Throws `OPTION_INVALID`.
 *
 * ```ts
 * export const POST = checkedFetchHandler(createIntegrity(), async (request) => digestedResponse(await approve(request)))
 * ```
 */
export function checkedFetchHandler<Rest extends readonly unknown[]>(
  integrity: Integrity,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  options: BodyCheckOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const maxBytes = parseMaxBodyBytes(options)
  return async (request, ...rest) => {
    const { method, headers } = request
    const bytes = request.body === null ? new Uint8Array(0) : await wholeOf(request.body, maxBytes)
    if (bytes === undefined) return responseOf(tooLargeAnswer(maxBytes))
    const path = new URL(request.url).pathname
    const refusal = checkRequest(integrity, { method, path, header: readerOf(headers), bytes })
    if (refusal !== undefined) return responseOf(refusal)
    return handler(request.body === null ? request : new Request(request, { method, body: bytes }), ...rest)
  }
}

export interface CheckedFetchOptions extends BodyCheckOptions {
  /** What sends. Default: the global `fetch`. */
  readonly fetch?: typeof fetch
}

/**
 * A `fetch` that states what it sends and holds answers to what they state (`require: false` for servers that state
 * nothing). Content codings are not asked for: fetch undoes them, and a digest is over the coded bytes.
 *
 * An answer that is refused says nothing of what the server did: it throws `PAYLOAD_ALTERED` or `PAYLOAD_UNSTATED`, and
 * the outcome is unknown. So it is with an answer larger than `maxBodyBytes`: `RESULT_TOO_LARGE`. Throws `OPTION_INVALID`.
 */
export function checkedFetch(integrity: Integrity, options: CheckedFetchOptions = {}): typeof fetch {
  const maxBytes = parseMaxBodyBytes(options)
  const send = options.fetch ?? fetch
  return async (input, init) => {
    const request = new Request(input, init)
    const { method } = request
    const headers = new Headers(request.headers)
    headers.set('accept-encoding', 'identity')
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    if (body !== undefined) headers.set('content-digest', contentDigest(body))
    const stating = body === undefined ? { method, headers } : { method, headers, body }
    const response = await send(new Request(request, stating))
    if (response.body === null) return response
    const bytes = await wholeOf(response.body, maxBytes)
    if (bytes === undefined)
      throw new OncewardError(
        'RESULT_TOO_LARGE',
        `The answer of ${request.url} is larger than ${maxBytes} bytes.`,
      )
    checkAnswer(integrity, response, { bytes, method: `${method} ${new URL(request.url).pathname} (answer)` })
    const { status, statusText } = response
    return new Response(bytes, { status, statusText, headers: response.headers })
  }
}

interface AnswerBody {
  readonly bytes: Uint8Array
  readonly method: string
}

function checkAnswer(integrity: Integrity, { headers }: Response, { bytes, method }: AnswerBody): void {
  const coding = headers.get('content-encoding') ?? 'identity'
  if (coding === 'identity') integrity.checkHeaders(readerOf(headers), bytes, method)
  else integrity.check({ method, bytes, stated: { kind: 'none' } })
}

/** `undefined` where there is more than that. */
async function wholeOf(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > maxBytes) return undefined
    pieces.push(piece)
  }
  return Uint8Array.from(Buffer.concat(pieces))
}

function readerOf(headers: Headers): (name: string) => string | undefined {
  return (name) => headers.get(name) ?? undefined
}
