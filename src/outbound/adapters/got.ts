import { Readable } from 'node:stream'
import type { Fetching } from './fetching.ts'

/** What is read of got's options when a request is about to be made. */
export interface GotRequest {
  readonly url?: string | URL | undefined
  readonly method: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
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

async function send(client: Fetching, { url, method, headers, body }: GotRequest): Promise<GotResponse> {
  const response = await client.fetch(String(url), {
    method,
    headers: pairsOf(headers),
    // Strings, bytes and streams, as fetch takes them.
    ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']>, duplex: 'half' }),
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
