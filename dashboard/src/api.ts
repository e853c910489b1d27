/** An answer that is no success, as `application/problem+json` tells it. */
export class ApiProblem extends Error {
  readonly status: number
  readonly title: string

  constructor(status: number, title: string, detail: string) {
    super(detail)
    this.status = status
    this.title = title
  }
}

/** What was thrown, as it is shown: what the server did not say is a fault of the page. */
export function problemOf(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem(0, 'This page has a fault', String(error))
}

export type Query = Readonly<Record<string, string | number | undefined>>

/** A path of the API with a query; what is undefined or empty is left out. */
export function apiPath(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)]))
  return search.size === 0 ? path : `${path}?${search}`
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal === undefined ? {} : { signal })
}

/** Sends it under a key that names this wish: a second click, or a second try of the browser, is no second wish. */
export function post<T>(path: string, body: unknown, key: string): Promise<T> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': `"${key}"` }
  return call<T>(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

export function remove<T>(path: string): Promise<T> {
  return call<T>(path, { method: 'DELETE' })
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiProblem(
      0,
      'The server cannot be reached',
      'It may have been stopped, or the network is out.',
    )
  }
  if (response.status === 204) return undefined as T
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body as T
  const { title = response.statusText, detail = `The server answered ${response.status}.` } = (body ??
    {}) as {
    title?: string
    detail?: string
  }
  throw new ApiProblem(response.status, title, detail)
}
