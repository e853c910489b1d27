import { contentDigest } from '../../integrity/content-digest.ts'
import type { Integrity } from '../../integrity/integrity.ts'
import { utf8 } from '../../kernel/bytes.ts'
import { responseOf } from '../fetch/capture.ts'
import { isIntegrityError, refusalAnswer } from './refusal.ts'

/** For senders: the headers that state what `body` is. Text is stated as UTF-8. */
export function integrityHeaders(body: string | Uint8Array): {
  readonly 'content-digest': string
  readonly 'content-length': string
} {
  const bytes = typeof body === 'string' ? utf8(body) : body
  return { 'content-digest': contentDigest(bytes), 'content-length': String(bytes.byteLength) }
}

/**
 * A fetch-style handler whose requests are held to their digest, and whose answers state theirs. The handler gets the
 * request with the same body, still unread.
 *
 * ```ts
 * export const POST = checkedFetchHandler(createIntegrity(), async (request) => Response.json(await approve(await request.json())))
 * ```
 */
export function checkedFetchHandler<Rest extends readonly unknown[]>(
  integrity: Integrity,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    if (request.body === null) return statingResponse(await handler(request, ...rest))
    const body = new Uint8Array(await request.arrayBuffer())
    try {
      integrity.checkHeaders(
        readerOf(request.headers),
        body,
        `${request.method} ${new URL(request.url).pathname}`,
      )
    } catch (error) {
      if (isIntegrityError(error)) return responseOf(refusalAnswer(error))
      throw error
    }
    return statingResponse(await handler(new Request(request, { method: request.method, body }), ...rest))
  }
}

/**
 * A `fetch` that states what it sends and holds answers to what they state (`require: false` for servers that state
 * nothing). Content codings are not asked for: fetch undoes them, and a digest is over the coded bytes.
 *
 * An answer that is refused says nothing of what the server did: it throws `PAYLOAD_ALTERED`, and the outcome is unknown.
 */
export function checkedFetch(
  integrity: Integrity,
  given: { readonly fetch?: typeof fetch } = {},
): typeof fetch {
  const send = given.fetch ?? fetch
  return async (input, init) => {
    const request = new Request(input, init)
    const headers = new Headers(request.headers)
    headers.set('accept-encoding', 'identity')
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    if (body !== undefined) headers.set('content-digest', contentDigest(body))
    const response = await send(new Request(request, { headers, ...(body === undefined ? {} : { body }) }))
    return checkedResponse(integrity, response, `${request.method} ${new URL(request.url).pathname} (answer)`)
  }
}

/** Nothing of the answer is handed on before all of it has been checked. */
async function checkedResponse(integrity: Integrity, response: Response, method: string): Promise<Response> {
  const { status, statusText, headers, body } = response
  if (body === null) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const coding = headers.get('content-encoding') ?? 'identity'
  if (coding === 'identity') integrity.checkHeaders(readerOf(headers), bytes, method)
  else integrity.check({ method, bytes, stated: { kind: 'none' } })
  return new Response(bytes, { status, statusText, headers })
}

/** States the digest of an answer that is there as a whole. What has stated its own is left alone. */
async function statingResponse(response: Response): Promise<Response> {
  if (response.body === null || response.headers.has('content-digest')) return response
  const bytes = new Uint8Array(await response.arrayBuffer())
  const { status, statusText } = response
  const headers = new Headers(response.headers)
  headers.set('content-digest', contentDigest(bytes))
  headers.set('content-length', String(bytes.byteLength))
  return new Response(bytes, { status, statusText, headers })
}

function readerOf(headers: Headers): (name: string) => string | undefined {
  return (name) => headers.get(name) ?? undefined
}
