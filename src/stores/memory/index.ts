import type { Runtime } from '../../kernel/runtime.ts'
import {
  applyClaim,
  applyRecall,
  applyRenew,
  applyResolve,
  applySettle,
  type Rows,
} from '../../ledger/apply.ts'
import { decodeCursor, pageOf } from '../../ledger/cursor.ts'
import type { Entry } from '../../ledger/entry.ts'
import type {
  Lineage,
  ListPage,
  ListQuery,
  PurgeRequest,
  PurgeResult,
  Reply,
  Store,
  TwinRequest,
} from '../../ledger/store.ts'
import { purgeRow, type StoreMoment } from '../../ledger/transitions.ts'
import { systemRuntime } from '../../system.ts'
import { type MemoryData, memoryData, undoable } from './data.ts'
import { MemoryLineage } from './lineage.ts'
import { memoryRecords } from './records.ts'

export { type MemoryData, memoryData } from './data.ts'

export interface MemoryStoreOptions {
  readonly runtime?: Runtime
}

export interface SharedMemory {
  /** Rows that are shared with other handles; or where the way to them leads now, as an address may lead elsewhere. */
  readonly share?: MemoryData | (() => MemoryData)
}

/**
 * The reference store: rows in a Map, gone with the process. For tests, simulation and trying things out; in
 * production it guards only within one process and one life of it.
 */
export function memoryStore(options: MemoryStoreOptions & SharedMemory = {}): Store {
  const runtime = options.runtime ?? systemRuntime
  const { share = memoryData() } = options
  const data = typeof share === 'function' ? share : () => share
  const lineage = new MemoryLineage(data, runtime)
  const { recalling } = data()

  /** Every batch is one synchronous turn, so it is atomic. Rows are frozen: nobody can change one in place. */
  async function batch<Q, R>(
    requests: readonly Q[],
    named: Lineage | undefined,
    one: (request: Q, at: StoreMoment) => R,
  ): Promise<Reply<R>> {
    const at = lineage.moment(named)
    return { nowMs: at.nowMs, results: requests.map((request) => one(request, at)) }
  }

  async function look<Q, R>(asked: readonly Q[], one: (request: Q, nowMs: number) => R): Promise<Reply<R>> {
    const nowMs = Math.floor(runtime.wallMs())
    return { nowMs, results: asked.map((request) => one(request, nowMs)) }
  }

  const rows: Rows = {
    get: (ref) => rowOf(data(), ref),
    put: (entry) => {
      undoable(data(), data().rows, entry.ref)
      data().rows.set(entry.ref, Object.freeze(withOwnBytes(entry)))
    },
  }

  return {
    name: 'memory',
    location: 'memory:',
    maxBatch: 500,
    isTransactional: false,
    ...(recalling === undefined ? {} : { recalling }),
    open: async () => lineage.open(),
    claim: (requests, named) => batch(requests, named, (request, at) => applyClaim(rows, request, at)),
    settle: (requests, named) => batch(requests, named, (request, at) => applySettle(rows, request, at)),
    renew: (requests, named) => batch(requests, named, (request, at) => applyRenew(rows, request, at)),
    resolve: (requests, named) => batch(requests, named, (request, at) => applyResolve(rows, request, at)),
    recall: (requests, named) => batch(requests, named, (request, at) => applyRecall(rows, request, at)),
    leave: async (left) => lineage.leave(left),
    read: (refs) => look(refs, (ref) => rowOf(data(), ref)),
    twins: (requests) => look(requests, (request, nowMs) => twinsOf(data(), request, nowMs)),
    list: async (query) => list(data(), query, Math.floor(runtime.wallMs())),
    purge: async (request) => purge(data(), request, Math.floor(runtime.wallMs())),
    records: memoryRecords(data, runtime, (named) => void lineage.moment(named)),
    close: () => Promise.resolve(),
  }
}

function rowOf(data: MemoryData, ref: string): Entry | undefined {
  const row = data.rows.get(ref)
  return row === undefined ? undefined : withOwnBytes(row)
}

/** Bytes cannot be frozen, so whoever gives or gets a result has a copy of its own. */
function withOwnBytes(entry: Entry): Entry {
  return entry.value === undefined ? entry : { ...entry, value: entry.value.slice() }
}

function twinsOf(data: MemoryData, request: TwinRequest, nowMs: number): readonly string[] {
  const row = data.rows.get(request.ref)
  if (row?.subject === undefined || row.fingerprint === '') return []
  return [...data.rows.values()]
    .filter((other) => isTwin(row, other, nowMs - request.windowMs))
    .map((other) => other.ref)
}

/** Older, so that of two racing twins only one is refused; a released entry did nothing. */
export function isTwin(row: Entry, other: Entry, sinceMs: number): boolean {
  if (other.ref === row.ref || other.state === 'released') return false
  if (other.scope !== row.scope || other.operation !== row.operation) return false
  if (other.fingerprint !== row.fingerprint || other.subject !== row.subject) return false
  const isOlder =
    other.claimedAtMs < row.claimedAtMs || (other.claimedAtMs === row.claimedAtMs && other.ref < row.ref)
  return isOlder && other.claimedAtMs >= sinceMs
}

function list(data: MemoryData, query: ListQuery, nowMs: number): ListPage {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor)
  const found = [...data.rows.values()]
    .filter((row) => matches(row, query, nowMs))
    .filter((row) => after === undefined || newestFirst(after, row) < 0)
    .toSorted(newestFirst)
    .slice(0, query.limit + 1)
    .map(withOwnBytes)
  return pageOf(found, query.limit, nowMs)
}

/** The order of lists. */
export function newestFirst(
  a: { claimedAtMs: number; ref: string },
  b: { claimedAtMs: number; ref: string },
): number {
  if (a.claimedAtMs !== b.claimedAtMs) return b.claimedAtMs - a.claimedAtMs
  return a.ref < b.ref ? 1 : a.ref > b.ref ? -1 : 0
}

/** Whether a list holds the row, its cursor and limit aside. */
export function matches(row: Entry, query: ListQuery, nowMs: number): boolean {
  return (
    (query.scope === undefined || row.scope === query.scope) &&
    (query.operation === undefined || row.operation === query.operation) &&
    (query.key === undefined || row.key === query.key) &&
    (query.subject === undefined || row.subject === query.subject) &&
    (query.states === undefined || query.states.includes(row.state)) &&
    (query.fromMs === undefined || row.claimedAtMs >= query.fromMs) &&
    (query.toMs === undefined || row.claimedAtMs < query.toMs) &&
    (query.lapsed !== true || row.leaseUntilMs <= nowMs)
  )
}

function purge(data: MemoryData, request: PurgeRequest, nowMs: number): PurgeResult {
  let buried = 0
  let deleted = 0
  for (const row of data.rows.values()) {
    if (buried + deleted >= request.limit) break
    const change = row.scope === request.scope ? purgeRow(row, request, nowMs) : undefined
    if (change !== undefined) undoable(data, data.rows, row.ref)
    if (change === 'delete') {
      data.rows.delete(row.ref)
      deleted += 1
    } else if (change !== undefined) {
      data.rows.set(row.ref, Object.freeze(change.bury))
      buried += 1
    }
  }
  return { buried, deleted }
}
