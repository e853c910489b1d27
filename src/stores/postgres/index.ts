import type { Store } from '../../ledger/store.ts'
import { Claims } from './claim.ts'
import { Database } from './database.ts'
import { listEntries } from './list.ts'
import { parsePostgresOptions, type PostgresStoreOptions } from './options.ts'
import { inPortions } from './portions.ts'
import { purgeEntries } from './purge.ts'
import { makeReader } from './read.ts'
import { makeRecords } from './records.ts'
import { makeRenew } from './renew.ts'
import { makeResolve } from './resolve.ts'
import { openSchema } from './schema.ts'
import { makeSettle } from './settle.ts'
import { runTransaction } from './transaction.ts'
import { makeTwins } from './twins.ts'

export type { PostgresStoreOptions } from './options.ts'
export type { ClientLike, NoticeLike, PoolAnswer, PoolLike, PoolQuery } from './pool.ts'

/**
 * The store for production: PostgreSQL 13 or newer, for any number of processes on any number of machines. Give a
 * `pg.Pool` of yours, or a URL (the package `pg` is needed for both). Whether an acknowledged write outlives a
 * failover is decided by the server's settings: `onceward doctor` reads them. Throws `OPTION_INVALID`.
 */
export function postgresStore(options: PostgresStoreOptions): Store {
  const parsed = parsePostgresOptions(options)
  const database = new Database(parsed)
  const reader = makeReader(database)
  const claims = new Claims(database, reader)
  const settle = makeSettle(database, reader)
  const resolve = makeResolve(database, reader)
  return {
    name: 'postgres',
    location: parsed.location,
    maxBatch: 500,
    isTransactional: true,
    open: async () => {
      const lineage = await openSchema(database)
      database.writes = lineage
      return lineage
    },
    claim: (requests) => claims.claim(requests),
    settle: (requests) => inPortions(requests, settle.many),
    renew: makeRenew(database, reader),
    read: (refs) => reader.read(refs),
    resolve: (requests) => inPortions(requests, resolve),
    twins: makeTwins(database, reader),
    list: (query) => listEntries(database, query),
    purge: (request) => purgeEntries(database, request),
    records: makeRecords(database),
    transaction: (work, prepare) => runTransaction(database, settle, { work, prepare }),
    close: () => database.close(),
  }
}
