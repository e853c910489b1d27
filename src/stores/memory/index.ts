import { Buffer } from 'node:buffer'
import type { Runtime } from '../../kernel/runtime.ts'
import { applyClaim, applyRenew, applyResolve, applySettle, type Rows } from '../../ledger/apply.ts'
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
import { purgeRow } from '../../ledger/transitions.ts'
import { systemRuntime } from '../../system.ts'
import { memoryRecords } from './records.ts'

export interface MemoryStoreOptions {
  readonly runtime?: Runtime
}

/** The rows of one memory store. Several handles may share them, as several processes share a database. */
export interface MemoryData {
  readonly rows: Map<string, Entry>
  readonly records: Map<string, { version: number; atMs: number; body: string }>
  lineage?: Lineage
}

export function memoryData(): MemoryData {
  return { rows: new Map(), records: new Map() }
}

/**
 * The reference store: rows in a Map, gone with the process. For tests, simulation and trying things out; in
 * production it guards only within one process and one life of it.
 */
export function memoryStore(options: MemoryStoreOptions & { readonly share?: MemoryData } = {}): Store {
  const runtime = options.runtime ?? systemRuntime
  const data = options.share ?? memoryData()
  const epoch = (): number => data.lineage?.epoch ?? 1

  /** Every batch is one synchronous turn, so it is atomic. Rows are frozen copies: nobody can change one in place. */
  function batch<Q, R>(
    requests: readonly Q[],
    one: (request: Q, at: { nowMs: number; epoch: number }) => R,
  ): Promise<Reply<R>> {
    const nowMs = Math.floor(runtime.wallMs())
    const at = { nowMs, epoch: epoch() }
    return Promise.resolve({ nowMs, results: requests.map((request) => one(request, at)) })
  }

  const rows: Rows = {
    get: (ref) => rowOf(data, ref),
    put: (entry) => void data.rows.set(entry.ref, Object.freeze(withOwnBytes({ ...entry }))),
  }

  return {
    name: 'memory',
    location: 'memory:',
    maxBatch: 500,
    isTransactional: false,
    open: () => {
      data.lineage ??= { epoch: 1, nonce: Buffer.from(runtime.randomBytes(16)).toString('base64url') }
      return Promise.resolve(data.lineage)
    },
    claim: (requests) => batch(requests, (request, at) => applyClaim(rows, request, at)),
    settle: (requests) => batch(requests, (request, at) => applySettle(rows, request, at)),
    renew: (requests) => batch(requests, (request, at) => applyRenew(rows, request, at)),
    resolve: (requests) => batch(requests, (request, at) => applyResolve(rows, request, at)),
    read: (refs) => batch(refs, (ref) => rowOf(data, ref)),
    twins: (requests) => batch(requests, (request, at) => twinsOf(data, request, at.nowMs)),
    list: (query) => Promise.resolve().then(() => list(data, query, Math.floor(runtime.wallMs()))),
    purge: (request) => Promise.resolve(purge(data, request, Math.floor(runtime.wallMs()))),
    records: memoryRecords(data.records, runtime),
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
