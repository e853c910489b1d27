import type { HeaderPairs } from '../http/message.ts'
import type { ForwardedConfig } from './schema.ts'

/** Of one connection or one message (RFC 9110 §7.6.1), and trailers, which are dropped. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Written anew by the gateway. `forwarded` would contradict them. */
const forwardedHeaders: readonly string[] = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']

/** The names that Connection lists, in lower case: they are of this connection alone. */
export function connectionNames(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}

export interface Client {
  readonly address: string
  readonly host: string
  readonly forwarded: ForwardedConfig
}

/**
 * What is sent on of a request's head: everything of the message, nothing of the connection. Framing is the sender's own;
 * Expect has been met here.
 */
export function requestHeaders(
  raw: readonly string[],
  connection: string | undefined,
  client: Client,
): string[] {
  const named = connectionNames(connection)
  const { forwarded, address, host } = client
  const before = new Map<string, string>()
  const headers: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    const value = raw[at + 1] as string
    if (hopByHop.has(name) || named.includes(name)) continue
    if (name === 'host' || name === 'content-length' || name === 'expect') continue
    if (forwardedHeaders.includes(name)) {
      before.set(name, before.has(name) ? `${before.get(name)}, ${value}` : value)
      continue
    }
    if (name === 'forwarded' && !forwarded.trust) continue
    if (name === 'via') before.set(name, before.has(name) ? `${before.get(name)}, ${value}` : value)
    else headers.push(name, value)
  }
  const believed = (name: string): string | undefined => (forwarded.trust ? before.get(name) : undefined)
  const [chain, via] = [believed('x-forwarded-for'), before.get('via')]
  headers.push('x-forwarded-for', chain === undefined ? address : `${chain}, ${address}`)
  headers.push('x-forwarded-host', believed('x-forwarded-host') ?? host)
  headers.push('x-forwarded-proto', believed('x-forwarded-proto') ?? 'http')
  headers.push('via', via === undefined ? '1.1 onceward' : `${via}, 1.1 onceward`)
  if (forwarded.host === 'client') headers.push('host', host)
  return headers
}

export type ReceivedHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** What a client gets of an answer's head. */
export function responseHeaders(received: ReceivedHeaders): HeaderPairs {
  const { connection } = received
  const named = connectionNames(Array.isArray(connection) ? connection.join(',') : (connection as string))
  const pairs: [string, string][] = []
  for (const name in received) {
    if (hopByHop.has(name) || named.includes(name)) continue
    const value = received[name]
    if (typeof value === 'string') pairs.push([name, value])
    else if (value !== undefined) for (const one of value) pairs.push([name, one])
  }
  return pairs
}

/** A head as far as it matters to whether it is taken at all. */
export interface RequestHead {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly raw: readonly string[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Headers that decide who calls and which work is meant. */
  readonly identity: readonly string[]
}

/** Headers of which two could mean one thing here and another at the upstream. */
const single: readonly string[] = ['host', 'authorization', 'content-type', 'content-length']

/**
 * Why a request is not taken, beyond what the parser refuses: shapes that two readers may read in two ways, so that
 * the gateway would guard one request and the upstream serve another.
 */
export function refusalOf(head: RequestHead): string | undefined {
  const { method, target, version, raw, headers, identity } = head
  if (!target.startsWith('/') && !(method === 'OPTIONS' && target === '*'))
    return 'The request target must be a path.'
  if (/[^!-~]|[\\#]/.test(target)) return 'The request target holds characters that a URL must not.'
  if (hasDotSegment(target)) return 'The path holds a segment of dots.'
  const encoding = headers['transfer-encoding']
  if (encoding !== undefined && (version === '1.0' || String(encoding).toLowerCase() !== 'chunked'))
    return 'The only transfer coding that is taken is chunked, of HTTP/1.1.'
  const repeated = repeatedName(raw, [...single, ...identity])
  if (repeated !== undefined) return `The header ${repeated} must come once.`
  const stripped = connectionNames(headers['connection'] as string | undefined).find(
    (name) => single.includes(name) || identity.includes(name),
  )
  return stripped === undefined ? undefined : `Connection must not name ${stripped}.`
}

/** `/a/../b`, `/a/%2e%2E/b`: the upstream may resolve it to another route. */
function hasDotSegment(target: string): boolean {
  if (!target.includes('.') && !/%2e/i.test(target)) return false
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  return path.split(/\/|%2f|%5c/i).some((segment) => /^(\.|%2e){1,2}(;.*)?$/i.test(segment))
}

function repeatedName(raw: readonly string[], names: readonly string[]): string | undefined {
  const seen: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase()
    if (!names.includes(name)) continue
    if (seen.includes(name)) return name
    seen.push(name)
  }
  return undefined
}
