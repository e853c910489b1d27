import { optionInvalid } from '../kernel/errors.ts'
import { OutboundError } from './errors.ts'
import type { ClientRequest, ClientResponse } from './message.ts'
import type { ParsedClientOptions } from './options.ts'

const noBody: readonly number[] = [101, 204, 205, 304]
const maxRedirects = 20

type Perform = (request: ClientRequest) => Promise<ClientResponse>

/** The drop-in `fetch`: the standard's request and response around a logical call. */
export function makeFetch(
  options: Pick<ParsedClientOptions, 'origin' | 'basePath'>,
  perform: Perform,
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = requestOf(options, input, init)
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    try {
      return await follow(options, perform, { request, body })
    } catch (error) {
      // The standard's own error, by which callers know that they gave up themselves.
      if (request.signal.aborted && error instanceof OutboundError) throw request.signal.reason
      throw error
    }
  }
}

function requestOf(
  { origin, basePath }: Pick<ParsedClientOptions, 'origin' | 'basePath'>,
  input: Parameters<typeof globalThis.fetch>[0],
  init: RequestInit | undefined,
): Request {
  const given = typeof input === 'string' && input.startsWith('/') ? origin + basePath + input : input
  const isStream = init?.body instanceof ReadableStream && init.duplex === undefined
  return new Request(given, isStream ? { ...init, duplex: 'half' } : init)
}

async function follow(
  options: Pick<ParsedClientOptions, 'origin' | 'basePath'>,
  perform: Perform,
  { request, body }: { readonly request: Request; readonly body: Uint8Array | undefined },
): Promise<Response> {
  const headers = Object.fromEntries(request.headers)
  const { redirect, signal } = request
  let call: ClientRequest = {
    method: request.method,
    path: pathOf(options, request.url),
    headers,
    body,
    signal,
  }
  let url = request.url
  for (let redirects = 0; ; redirects += 1) {
    const response = await perform(call)
    const location = isRedirect(response) ? response.headers['location'] : undefined
    if (typeof location !== 'string' || redirect === 'manual') return responseOf(response, url, redirects > 0)
    if (redirect === 'error') throw new TypeError(`fetch failed: ${url} redirects`)
    if (redirects >= maxRedirects) throw new TypeError('fetch failed: too many redirects')
    url = new URL(location, url).href
    call = redirected(call, response.status, pathOf(options, url))
  }
}

/** Fetch standard, HTTP-redirect fetch: 303 and, for POST, 301 and 302 become GET; others keep method, body and key. */
function redirected(call: ClientRequest, status: number, path: string): ClientRequest {
  const isGet =
    (status === 303 && call.method !== 'GET' && call.method !== 'HEAD') ||
    ((status === 301 || status === 302) && call.method === 'POST')
  if (!isGet) return { ...call, path }
  const kept = Object.entries(call.headers ?? {}).filter(([name]) => !name.startsWith('content-'))
  return { ...call, method: 'GET', path, body: undefined, headers: Object.fromEntries(kept) }
}

function isRedirect({ status }: ClientResponse): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** The path behind `baseUrl`. Another origin is not this client's: its key, budget and circuit are of one target. */
function pathOf(
  { origin, basePath }: Pick<ParsedClientOptions, 'origin' | 'basePath'>,
  href: string,
): string {
  const url = new URL(href)
  const isOurs =
    url.origin === origin && (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`))
  if (!isOurs)
    throw optionInvalid(
      'url',
      `below ${origin}${basePath}, the baseUrl of this client`,
      url.origin + url.pathname,
    )
  const path = url.pathname.slice(basePath.length)
  return (path === '' ? '/' : path) + url.search
}

function responseOf(response: ClientResponse, url: string, wasRedirected: boolean): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    // What is here is already whole and in one piece.
    if (name === 'transfer-encoding' || name === 'connection' || name === 'keep-alive') continue
    for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one)
  }
  const body = noBody.includes(response.status) ? null : new Uint8Array(response.body)
  const made = new Response(body, { status: response.status, headers })
  Object.defineProperties(made, { url: { value: url }, redirected: { value: wasRedirected } })
  return made
}
