/** What the store asks of a client, as `pg.PoolClient` has it. */
export interface ClientLike {
  query(config: PoolQuery): Promise<PoolAnswer>
  release(error?: Error | boolean): void
  on(event: 'notice', listener: (notice: NoticeLike) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'notice', listener: (notice: NoticeLike) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** What the store asks of a pool, as `pg.Pool` has it. A pool that is given is used, never ended. */
export interface PoolLike {
  connect(): Promise<ClientLike>
}

/** One statement in the shape of `pg`'s query config. Rows come as arrays of texts: the store parses them itself. */
export interface PoolQuery {
  name?: string
  text: string
  values?: unknown[]
  rowMode: 'array'
  types: { getTypeParser: () => (text: string) => string }
}

export interface PoolAnswer {
  readonly rows: unknown[][]
  readonly command: string
}

export interface NoticeLike {
  readonly code?: string | undefined
}

/** A column as PostgreSQL wrote it: whatever type parsers the user has set, the store sees the text. */
export type Cell = string | null
export type Row = readonly Cell[]

const asText = (text: string): string => text
export const rawTypes: PoolQuery['types'] = { getTypeParser: () => asText }

/**
 * A warning that ends a wait for the synchronous standby: the commit is visible, but a failover may lose it
 * (01000 when the wait was cancelled, 57P01 when the server is going down).
 */
export function saysNotDurable(notice: NoticeLike): boolean {
  return notice.code === '01000' || notice.code === '57P01'
}
