/** One request of a client, whole, as the proxy has understood it. Bytes are those of the wire. */
export type ProxiedRequest = HttpRequest | PostgresRequest | RawRequest

export interface HttpRequest {
  readonly protocol: 'http'
  readonly method: string
  /** As sent: with its query. */
  readonly path: string
  /** By names in lower case; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>
  /** Read as UTF-8. */
  readonly body: string
  readonly bytes: Uint8Array
}

export interface PostgresRequest {
  readonly protocol: 'postgres'
  /** The text of the statements that are run, also of ones that were prepared before; parameters are in `bytes`. */
  readonly sql: string
  /** Sent inside of an open transaction; elsewhere a statement that changes something commits by itself. */
  readonly inTransaction: boolean
  readonly bytes: Uint8Array
}

/** Of a protocol that the proxy does not know: whatever came in one piece. */
export interface RawRequest {
  readonly protocol: 'raw'
  readonly bytes: Uint8Array
}

/** Which requests are meant: bytes that they hold, a pattern over those (read as Latin-1), or whatever a function says. */
export type RequestMatch = string | RegExp | ((request: ProxiedRequest) => boolean)

export function matchesRequest(match: RequestMatch | undefined, request: ProxiedRequest): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return match(request)
  const { buffer, byteOffset, byteLength } = request.bytes
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  if (typeof match === 'string') return bytes.includes(match)
  // A pattern with a memory of its own would match every other time.
  return new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(bytes.toString('latin1'))
}

/** True for a COMMIT of an explicit transaction: `proxy.cut({ at: 'reply', when: isCommit })`. */
export function isCommit(request: ProxiedRequest): boolean {
  return request.protocol === 'postgres' && /(^|;)\s*(commit|end)\b/i.test(request.sql)
}
