import type { Entry } from '../ledger/entry.ts'
import { type Lineage, type SettleRequest, type Store, StoreFault } from '../ledger/store.ts'
import { type MemoryData, memoryStore } from '../stores/memory/index.ts'
import type { Machine } from './machine.ts'
import type { SimulationMutant } from './mutants/mutant.ts'
import { originMs } from './machine.ts'
import type { Replication } from './plan.ts'
import type { Scheduler } from './scheduler.ts'

/** A row of the caller's own, written in the transaction of its entry. */
export interface OwnRow {
  readonly unit: string
  readonly id: string
  readonly input: number
}

/** One row of a commit, before and after. */
export interface Change {
  readonly ref: string
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

/** What a commit did: enough to undo it. */
export interface Commit {
  readonly atMs: number
  /** Whose request it was. */
  readonly by: Machine | undefined
  readonly changes: readonly Change[]
  readonly ownRows: readonly OwnRow[]
}

/** What the server is at work on, for whoever watches it. */
export interface Working {
  readonly method: string
  readonly by: Machine | undefined
  readonly requests: readonly unknown[]
}

export interface ServerOptions {
  readonly scheduler: Scheduler
  readonly replication: Replication
  readonly mutant: SimulationMutant | undefined
  readonly onChange: (change: Change, working: Working) => void
  readonly onCommit: () => void
  readonly onOwnRow: (unit: string) => void
}

/** Rows that tell of every write. */
class WatchedRows extends Map<string, Entry> {
  readonly changes: Change[] = []
  isWatched = true

  override set(ref: string, after: Entry): this {
    const before = this.get(ref)
    if (this.isWatched && before !== after) this.changes.push({ ref, before, after })
    return super.set(ref, after)
  }

  override delete(ref: string): boolean {
    const before = this.get(ref)
    if (this.isWatched && before !== undefined) this.changes.push({ ref, before, after: undefined })
    return super.delete(ref)
  }
}

/**
 * The database: the reference store, which runs the ledger's own transitions, over rows that are kept as a log with a
 * replicated index. A failover cuts the log there, and raises the epoch.
 *
 * With a synchronous standby a commit is acknowledged, and seen by others, when the standby has it; so nothing that was
 * seen is ever cut, but a commit whose wait was cancelled.
 */
export class Server {
  readonly #options: ServerOptions
  readonly #rows = new WatchedRows()
  readonly data: MemoryData = { rows: this.#rows, records: new Map() }
  readonly #engine: Store
  readonly #log: Commit[] = []
  /** Ref → the session whose transaction has the row locked. */
  readonly #locks = new Map<string, object>()
  readonly ownRows: OwnRow[] = []
  #replicated = 0
  #working: Working = { method: '', by: undefined, requests: [] }
  isUp = true
  isReachable = true

  constructor(options: ServerOptions) {
    this.#options = options
    const clock = {
      wallMs: () => originMs + options.scheduler.nowMs,
      randomBytes: (length: number) => new Uint8Array(length),
    }
    const runtime = clock as unknown as NonNullable<Parameters<typeof memoryStore>[0]>['runtime']
    const engine = memoryStore({ share: this.data, ...(runtime === undefined ? {} : { runtime }) })
    const data = this.data
    this.#engine = options.mutant?.server?.(engine, { data, commits: () => this.#log.length }) ?? engine
    this.data.lineage = { epoch: 1, nonce: 'nonce-of-epoch-1' }
  }

  get lineage(): Lineage {
    return this.data.lineage as Lineage
  }

  get nowMs(): number {
    return originMs + this.#options.scheduler.nowMs
  }

  get commits(): number {
    return this.#log.length
  }

  /** Works one request of a session that believes in `lineage`. Rejects with a `StoreFault`. */
  async work<A>(working: Working, lineage: Lineage | undefined, run: (store: Store) => Promise<A>): Promise<A> {
    if (!this.isUp || !this.isReachable) throw new StoreFault('unavailable', 'the server is down')
    if (lineage !== undefined && !isSame(lineage, this.lineage))
      throw new StoreFault('conflict', `the lineage is now of epoch ${this.lineage.epoch}`)
    this.#working = working
    const answer = await run(this.#engine)
    this.#commit([])
    return answer
  }

  isLocked(ref: string, session?: object): boolean {
    const holder = this.#locks.get(ref)
    return holder !== undefined && holder !== session
  }

  lock(ref: string, session: object): void {
    this.#locks.set(ref, session)
  }

  holdsLock(session: object): boolean {
    return [...this.#locks.values()].includes(session)
  }

  unlock(session: object): void {
    for (const [ref, holder] of this.#locks) if (holder === session) this.#locks.delete(ref)
  }

  /** COMMIT of a transaction whose last statement is `request`; `undefined` where that changed no row. */
  async commitTogether(
    working: Working,
    request: SettleRequest,
    rows: readonly OwnRow[],
  ): Promise<Entry | undefined> {
    this.#working = working
    const { results } = await this.#engine.settle([request])
    const [result] = results
    if (result?.kind !== 'settled') return undefined
    this.ownRows.push(...rows)
    this.#commit(rows)
    for (const { unit } of rows) this.#options.onOwnRow(unit)
    return result.entry
  }

  #commit(rows: readonly OwnRow[], isReplicated: boolean = this.#options.replication === 'sync'): void {
    const changes = this.#rows.changes.splice(0)
    if (changes.length === 0 && rows.length === 0) return
    const atMs = this.#options.scheduler.nowMs
    this.#log.push({ atMs, by: this.#working.by, changes, ownRows: rows })
    if (isReplicated) this.#replicated = this.#log.length
    for (const change of changes) this.#options.onChange(change, this.#working)
    this.#options.onCommit()
  }

  /** The last commit's wait for the standby was cancelled: it is seen, and may not last. */
  cancelWait(): void {
    this.#replicated = Math.min(this.#replicated, this.#log.length - 1)
  }

  crash(): void {
    this.isUp = false
    this.#locks.clear()
  }

  /**
   * A standby takes over that has the log but for its last `loses` commits; with a synchronous one, but for those that it
   * was never waited for. Gives what is lost, latest first.
   */
  promote(loses: number): readonly Commit[] {
    const isSync = this.#options.replication === 'sync'
    const kept = isSync ? this.#replicated : Math.max(this.#log.length - loses, 0)
    const lost = this.#log.splice(kept).toReversed()
    this.#rows.isWatched = false
    for (const { changes, ownRows } of lost) {
      for (const { ref, before } of changes.toReversed()) {
        if (before === undefined) this.#rows.delete(ref)
        else this.#rows.set(ref, before)
      }
      this.ownRows.length -= ownRows.length
    }
    this.#rows.isWatched = true
    const epoch = this.lineage.epoch + 1
    this.data.lineage = { epoch, nonce: `nonce-of-epoch-${epoch}` }
    this.#replicated = this.#log.length
    this.isUp = true
    return lost
  }
}

export function isSame(a: Lineage, b: Lineage): boolean {
  return a.epoch === b.epoch && a.nonce === b.nonce
}
