import { makeRecalling } from '../../ledger/recalling.ts'
import type { RecordStore, Store, Watched } from '../../ledger/store.ts'
import { Claims } from './claim.ts'
import { Database } from './database.ts'
import { leaveLineage, makeGreet } from './lineage.ts'
import { listEntries } from './list.ts'
import { parsePostgresOptions, type PostgresStoreOptions } from './options.ts'
import { inPortions } from './portions.ts'
import { prepareLists } from './prepare-lists.ts'
import { purgeEntries } from './purge.ts'
import { makeReader } from './read.ts'
import { makeRecall, type Recall } from './recall.ts'
import { makeRecords } from './records.ts'
import { makeRenew, type Renew } from './renew.ts'
import { makeResolve, type Resolve } from './resolve.ts'
import { openSchema } from './schema.ts'
import { makeSettle, type Settle } from './settle.ts'
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
  const watches: (() => Watched | undefined)[] = []
  database.greet = makeGreet(database, watches)
  const reader = makeReader(database)
  const records: RecordStore = makeRecords(database)
  let parts: Parts | undefined
  const writes = (): Parts => {
    // Not before `open` is it known what the server can be asked. Throws where it has not been opened.
    if (parts === undefined && database.writes.epoch > 0) parts = partsOf(database)
    return parts as Parts
  }
  return {
    name: 'postgres',
    location: parsed.location,
    maxBatch: 500,
    isTransactional: true,
    ...(parsed.canLose ? { recalling: makeRecalling } : {}),
    open: async () => {
      const found = await openSchema(database)
      return database.lineages.newest ?? database.lineages.follow(found)
    },
    claim: async (requests, lineage) => writes().claims.claim(requests, lineage),
    settle: async (requests, lineage) =>
      inPortions(requests, (portion) => writes().settle.many(portion, lineage)),
    renew: async (requests, lineage) => writes().renew(requests, lineage),
    read: (refs) => reader.read(refs),
    resolve: async (requests, lineage) =>
      inPortions(requests, (portion) => writes().resolve(portion, lineage)),
    recall: async (requests, lineage) => writes().recall(requests, lineage),
    leave: (lineage) => leaveLineage(database, lineage),
    watch: (watched) => void watches.push(watched),
    twins: makeTwins(database, reader),
    list: (query) => listEntries(database, query),
    prepareLists: () => prepareLists(database),
    purge: (request) => purgeEntries(database, request),
    records,
    transaction: async (work, prepare, lineage) =>
      runTransaction(database, writes().settle, { work, prepare, lineage }),
    close: () => database.close(),
  }
}

/** What writes rows: their statements are made for the server that was found. */
interface Parts {
  readonly claims: Claims
  readonly settle: Settle
  readonly renew: Renew
  readonly resolve: Resolve
  readonly recall: Recall
}

function partsOf(database: Database): Parts {
  const reader = makeReader(database)
  return {
    claims: new Claims(database, reader),
    settle: makeSettle(database, reader),
    renew: makeRenew(database, reader),
    resolve: makeResolve(database, reader),
    recall: makeRecall(database),
  }
}
