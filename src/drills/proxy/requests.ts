/** One request of a client, whole, as the proxy has understood it. Bytes are those of the wire. */
export type ProxiedRequest = HttpRequest | PostgresRequest | RawRequest

export interface HttpRequest {
  readonly protocol: 'http'
  readonly method: string
  /** As sent: with its query. */
  readonly path: string
  /** By names in lower case; of a repeated one the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly bytes: Buffer
}

export interface PostgresRequest {
  readonly protocol: 'postgres'
  /** The text of the statements that are run, also of ones that were prepared before; parameters are in `bytes`. */
  readonly sql: string
  /** Sent inside of an open transaction; elsewhere a statement that changes something commits by itself. */
  readonly inTransaction: boolean
  readonly bytes: Buffer
}

/** Of a protocol that the proxy does not know: whatever came in one piece. */
export interface RawRequest {
  readonly protocol: 'raw'
  readonly bytes: Buffer
}

/** Which requests are meant: bytes that they hold, a pattern over those (read as Latin-1), or whatever a function says. */
export type RequestMatch = string | RegExp | ((request: ProxiedRequest) => boolean)

export function matchesRequest(match: RequestMatch | undefined, request: ProxiedRequest): boolean {
  if (match === undefined) return true
  if (typeof match === 'string') return request.bytes.includes(match)
  if (typeof match === 'function') return match(request)
  // A pattern with a memory of its own would match every other time.
  return new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(request.bytes.toString('latin1'))
}

/** True for a COMMIT of an explicit transaction: `proxy.cut({ at: 'reply', when: isCommit })`. */
export function isCommit(request: ProxiedRequest): boolean {
  return request.protocol === 'postgres' && /(^|;)\s*(commit|end)\b/i.test(request.sql)
}

/** What a client sent, cut into pieces: a request is passed on whole, everything else as it comes. */
export interface Piece {
  readonly bytes: Buffer
  readonly request?: ProxiedRequest
}

export interface ReplyPiece {
  readonly bytes: Buffer
  /** Part of the reply to the oldest request without one; false for greetings, notices and interim answers. */
  readonly isReply: boolean
  /** By now the server has done what it was asked for. */
  readonly endsReply: boolean
}

/** Reads one connection in both directions. */
export interface Framing {
  readonly protocol: ProxiedRequest['protocol']
  fromClient(chunk: Buffer): readonly Piece[]
  fromServer(chunk: Buffer): readonly ReplyPiece[]
}
