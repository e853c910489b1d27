import type { DatabaseSync } from 'node:sqlite'
import { optionInvalid } from '../../kernel/errors.ts'
import { milliseconds } from '../../kernel/check.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import { applyRecall, applyRenew, applyResolve } from '../../ledger/apply.ts'
import type { Lineage, Reply, SettleRequest, Store, TransactionResult } from '../../ledger/store.ts'
import type { StoreMoment } from '../../ledger/transitions.ts'
import { systemRuntime } from '../../system.ts'
import { Database } from './database.ts'
import { isInTransaction } from './driver.ts'
import { listEntries, prepareLists, twinsOf } from './list.ts'
import { purge } from './purge.ts'
import { sqliteRecords } from './records.ts'
import { type RowAccess, rowAccess } from './row-access.ts'

export interface SqliteStoreOptions {
  /** The database file; made when it is not there. Its folder must exist. */
  readonly path: string
  /** How long to wait for another process's write. Default 5,000 ms. */
  readonly busyTimeoutMs?: number
  readonly runtime?: Runtime
}

/**
 * The embedded store: a SQLite file through `node:sqlite`, for several processes on one machine. Every acknowledged
 * write is on disk (WAL, synchronous=FULL). Not for network file systems: their locks do not hold.
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  if (typeof options?.path !== 'string' || options.path === '')
    throw optionInvalid('path', 'the name of a file', options?.path)
  const runtime = options.runtime ?? systemRuntime
  const busyTimeoutMs = milliseconds(options.busyTimeoutMs ?? 5_000, 'busyTimeoutMs', 0)
  const database = new Database(options.path, { runtime, busyTimeoutMs })
  const rows = rowAccess(database)

  function batch<Q, R>(
    requests: readonly Q[],
    named: Lineage | undefined,
    one: (request: Q, at: StoreMoment) => R,
  ): Promise<Reply<R>> {
    return database.write(() => {
      const at = { nowMs: Math.floor(runtime.wallMs()), epoch: database.checkLineage(named).epoch }
      return { nowMs: at.nowMs, results: requests.map((request) => one(request, at)) }
    })
  }

  function look<Q, R>(asked: readonly Q[], one: (request: Q, nowMs: number) => R): Promise<Reply<R>> {
    return database.read(() => {
      const nowMs = Math.floor(runtime.wallMs())
      return { nowMs, results: asked.map((request) => one(request, nowMs)) }
    })
  }

  return {
    name: 'sqlite',
    location: `sqlite:${options.path}`,
    maxBatch: 500,
    isTransactional: true,
    open: () => database.open(),
    claim: (requests, named) => batch(requests, named, (request, at) => rows.claim(request, at)),
    settle: (requests, named) => batch(requests, named, (request, at) => rows.settle(request, at)),
    renew: (requests, named) => batch(requests, named, (request, at) => applyRenew(rows, request, at)),
    resolve: (requests, named) => batch(requests, named, (request, at) => applyResolve(rows, request, at)),
    recall: (requests, named) => batch(requests, named, (request, at) => applyRecall(rows, request, at)),
    leave: (lineage) => database.leave(lineage),
    read: (refs) => look(refs, (ref) => rows.get(ref)),
    twins: (requests) =>
      look(requests, ({ ref, known, windowMs }, nowMs) =>
        twinsOf(database, known ?? rows.get(ref), nowMs - windowMs),
      ),
    list: (query) => database.read(() => listEntries(database, query, Math.floor(runtime.wallMs()))),
    prepareLists: () => database.write(() => prepareLists(database)),
    purge: (request) =>
      database.write(() => purge(database, rows, { request, nowMs: Math.floor(runtime.wallMs()) })),
    records: sqliteRecords(database, runtime),
    transaction: (work, prepare, lineage) => transact(database, rows, { runtime, work, prepare, lineage }),
    close: () => {
      database.close()
      return Promise.resolve()
    },
  }
}

interface Transaction<T> {
  readonly runtime: Runtime
  readonly work: (transaction: unknown) => T | Promise<T>
  readonly prepare: (value: T) => SettleRequest
  readonly lineage: Lineage | undefined
}

class NotOurs extends Error {}

/** What the caller's own work threw: no fault of the store's, whatever it is. */
class Thrown extends Error {}

/** Rule 10: `work` is synchronous and runs in the writer's turn; the settle is the last statement before COMMIT. */
async function transact<T>(
  database: Database,
  rows: RowAccess,
  { runtime, work, prepare, lineage }: Transaction<T>,
): Promise<TransactionResult<T>> {
  try {
    return await database.write(() => {
      const { connection } = database
      const value = worked(work, connection)
      if (isPromise(value))
        throw optionInvalid('attempt.transaction', 'given a synchronous function on SQLite', 'a promise')
      if (!isInTransaction(connection))
        throw optionInvalid('attempt.transaction', 'left open by its work', 'a transaction that has ended')
      const at = { nowMs: Math.floor(runtime.wallMs()), epoch: database.checkLineage(lineage).epoch }
      const request = prepare(value)
      const result = rows.settle(request, at)
      if (result.kind === 'stale') throw new NotOurs('the entry is not ours any more')
      return { kind: 'committed', value, entry: result.entry }
    })
  } catch (error) {
    if (error instanceof NotOurs) return { kind: 'rolled-back' }
    throw error instanceof Thrown ? error.cause : error
  }
}

function worked<T>(work: (transaction: unknown) => T, connection: DatabaseSync): T {
  try {
    return work(connection)
  } catch (error) {
    throw new Thrown('the work failed', { cause: error })
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  if (typeof value !== 'object' || value === null || !('then' in value) || typeof value.then !== 'function')
    return false
  // Whatever it comes to, it came too late to be part of the transaction.
  value.then(undefined, () => undefined)
  return true
}
