import { Readable } from 'node:stream'
import { optionInvalid } from '../../kernel/errors.ts'
import type { Fetching } from './fetching.ts'

/** What is read of got's options when a request is about to be made. */
export interface GotRequest {
  readonly url?: string | URL | undefined
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  body?: unknown
  readonly signal?: AbortSignal | undefined
  /** Made by `got.stream`. */
  readonly isStream?: boolean | undefined
}

/** A response in the form in which got takes one from a hook: that of the package `responselike`. */
export type GotResponse = Readable & {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Buffer
  readonly url: string
  complete: boolean
}

/** Options for `got.extend` (got 14 and later). */
export interface GotOptions {
  readonly retry: { readonly limit: 0 }
  readonly hooks: { readonly beforeRequest: [(options: GotRequest) => Promise<GotResponse>] }
}

/**
 * The client's policy instead of got's own: `got.extend(gotOptions(client))`. The request is made by the client from a
 * hook, so got's agents, proxies and timeouts have no part in it. What the client throws is the `cause` of got's error.
 */
export function gotOptions(client: Fetching): GotOptions {
  return { retry: { limit: 0 }, hooks: { beforeRequest: [(options) => send(client, options)] } }
}

async function send(client: Fetching, options: GotRequest): Promise<GotResponse> {
  const { url, method, headers, body, signal } = options
  // What is piped into it comes after the hook: the request would go without its body.
  if (options.isStream === true && body === undefined && !bodiless.includes(method))
    throw optionInvalid('got.stream', 'given its body as an option, not piped', method)
  const bytes = await bodyOf(options)
  const response = await client.fetch(String(url), {
    method,
    headers: pairsOf(headers),
    ...(bytes === undefined ? {} : { body: bytes }),
    ...(signal === undefined ? {} : { signal }),
    redirect: 'manual',
  })
  const received = Buffer.from(await response.arrayBuffer())
  return Object.assign(Readable.from(received.length === 0 ? [] : [received], { objectMode: false }), {
    statusCode: response.status,
    headers: headersOf(response.headers),
    body: received,
    url: String(url),
    complete: true,
  })
}

/** A stream is read here, and replaced: got would read it again, for the request that it believes to make. */
async function bodyOf(options: GotRequest): Promise<string | Uint8Array<ArrayBuffer> | undefined> {
  const { body } = options
  if (body === undefined || typeof body === 'string') return body
  const bytes = new Uint8Array(
    await new Response(body as ConstructorParameters<typeof Response>[0]).arrayBuffer(),
  )
  options.body = bytes
  return bytes
}

const bodiless: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'DELETE']

/** Names that describe the connection or the bytes on it are the client's to write. */
const own: readonly string[] = [
  'content-length',
  'accept-encoding',
  'connection',
  'host',
  'transfer-encoding',
]

function pairsOf(headers: GotRequest['headers']): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || own.includes(name.toLowerCase())) return []
    return (typeof value === 'string' ? [value] : value).map((one): [string, string] => [name, one])
  })
}

/** As `node:http` gives them: a list of `set-cookie`, which got's type does not say. */
function headersOf(received: Headers): Record<string, string> {
  const cookies = received.getSetCookie()
  const one = Object.fromEntries(received)
  return cookies.length > 0 ? { ...one, 'set-cookie': cookies as unknown as string } : one
}
