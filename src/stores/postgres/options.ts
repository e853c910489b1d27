import { boolean, count, milliseconds } from '../../kernel/check.ts'
import { describe, optionInvalid } from '../../kernel/errors.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import { systemRuntime } from '../../system.ts'
import type { PoolLike } from './pool.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`. The store opens a pool of its own and closes it. */
  readonly url?: string
  /** A `pg.Pool` of yours, instead of `url`. It is used, never ended. */
  readonly pool?: PoolLike
  /** Schema that holds the tables; made when it is not there. Default: where the connection's search_path leads. */
  readonly schema?: string
  /** Connections of the store's own pool. Default 10. */
  readonly connections?: number
  /** How long to wait for a connection of the store's own pool. Default 5,000 ms. */
  readonly connectTimeoutMs?: number
  /** How long to wait for the answer to a statement before its connection is given up. Default 30,000 ms. */
  readonly answerTimeoutMs?: number
  /** False behind a pooler that changes servers between statements and does not know prepared ones. Default true. */
  readonly namedStatements?: boolean
  /**
   * False says that what was acknowledged is never lost: every standby that may take over is synchronous. Then
   * nothing is remembered for a failover, and nothing waits after one. Default true.
   */
  readonly canLose?: boolean
  readonly runtime?: Runtime
}

/** Options after the door. */
export interface ParsedPostgresOptions {
  readonly source:
    | { readonly url: string; readonly connections: number; readonly connectTimeoutMs: number }
    | { readonly pool: PoolLike }
  readonly location: string
  readonly schema?: string
  readonly answerTimeoutMs: number
  readonly namedStatements: boolean
  readonly canLose: boolean
  readonly runtime: Runtime
}

/** Throws `OPTION_INVALID`. Passwords never get into a message. */
export function parsePostgresOptions(options: PostgresStoreOptions): ParsedPostgresOptions {
  const { schema } = options ?? {}
  if (
    schema !== undefined &&
    (typeof schema !== 'string' || !/^[A-Za-z_][A-Za-z0-9_$]{0,62}$/.test(schema))
  ) {
    throw optionInvalid('schema', 'a plain SQL name of at most 63 characters', schema)
  }
  return {
    ...sourceOf(options ?? {}),
    ...(schema === undefined ? {} : { schema }),
    answerTimeoutMs: milliseconds(options?.answerTimeoutMs ?? 30_000, 'answerTimeoutMs', 100),
    namedStatements: boolean(options?.namedStatements ?? true, 'namedStatements'),
    canLose: boolean(options?.canLose ?? true, 'canLose'),
    runtime: options?.runtime ?? systemRuntime,
  }
}

function sourceOf({
  url,
  pool,
  ...options
}: PostgresStoreOptions): Pick<ParsedPostgresOptions, 'source' | 'location'> {
  if ((url === undefined) === (pool === undefined)) {
    throw optionInvalid('postgresStore', 'given either url or pool', url === undefined ? 'neither' : 'both')
  }
  if (pool !== undefined) {
    if (typeof pool?.connect !== 'function')
      throw optionInvalid('pool', 'a pg.Pool, or something with connect()', pool)
    return { source: { pool }, location: locationOfPool(pool) }
  }
  const connections = count(options.connections ?? 10, 'connections', { min: 1, max: 1000 })
  const connectTimeoutMs = milliseconds(options.connectTimeoutMs ?? 5_000, 'connectTimeoutMs', 1)
  return { source: { url: url as string, connections, connectTimeoutMs }, location: locationOfUrl(url) }
}

function locationOfUrl(url: unknown): string {
  const expected = 'postgres://user:password@host:port/database'
  if (typeof url !== 'string' || !URL.canParse(url)) throw optionInvalid('url', expected, redacted(url))
  const { protocol, hostname, port, pathname } = new URL(url)
  if (protocol !== 'postgres:' && protocol !== 'postgresql:')
    throw optionInvalid('url', expected, redacted(url))
  if (hostname.includes(','))
    throw optionInvalid('url', 'of one host (put a proxy in front of several)', redacted(url))
  return `postgres://${hostname || 'localhost'}${port === '' ? '' : `:${port}`}${pathname === '/' ? '' : pathname}`
}

/** Whatever stands between the scheme and the last @, or behind the ?, may be a password. */
function redacted(url: unknown): unknown {
  return typeof url === 'string' ? url.replace(/\/\/.*@/s, '//…@').replace(/\?.*/s, '?…') : describe(url)
}

/** `pg.Pool` keeps what it was given in `options`. */
function locationOfPool(pool: PoolLike): string {
  const options: unknown = 'options' in pool ? pool.options : undefined
  if (typeof options !== 'object' || options === null) return 'postgres:'
  const named = options as { connectionString?: unknown; host?: unknown; port?: unknown; database?: unknown }
  if (typeof named.connectionString === 'string' && URL.canParse(named.connectionString)) {
    return locationOfUrl(named.connectionString)
  }
  const host = typeof named.host === 'string' ? named.host : 'localhost'
  const port = typeof named.port === 'number' ? `:${named.port}` : ''
  return `postgres://${host}${port}${typeof named.database === 'string' ? `/${named.database}` : ''}`
}
