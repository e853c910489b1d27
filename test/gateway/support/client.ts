import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'

export interface Asked {
  readonly method?: string
  readonly path: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

export interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly trailers: Readonly<Record<string, string | undefined>>
  readonly bytes: Buffer
  readonly text: string
  /** Of the body, where it is JSON. */
  readonly json: Readonly<Record<string, unknown>>
}

/** One request on a connection of its own. Rejects where the connection breaks. */
export function ask(url: string, asked: Asked): Promise<Told> {
  const { method = 'POST', path, key, headers = {}, body, signal } = asked
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}${path}`, {
      method,
      agent: false,
      headers: { ...headers, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(signal === undefined ? {} : { signal }),
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString('utf8')
        const { statusCode: status = 0, headers: told, trailers } = response
        resolve({ status, headers: told, trailers, bytes, text, json: jsonOf(text) })
      })
    })
    request.end(body)
  })
}

function jsonOf(text: string): Told['json'] {
  try {
    return JSON.parse(text) as Told['json']
  } catch {
    return {}
  }
}

/** The name of a problem, from the end of its address. */
export function problemIn({ json }: Told): string {
  return String(json['type']).split('#')[1] ?? ''
}

/** Bytes as they are, on a socket; resolves with all that comes back until the other side ends. */
export async function raw(url: string, ...pieces: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  for (const piece of pieces) socket.write(piece, 'latin1')
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** Asks again until the answer is not that the first request is still under way. */
export async function settled(again: () => Promise<Told>): Promise<Told> {
  for (;;) {
    const told = await again()
    if (problemIn(told) !== 'in-progress') return told
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
