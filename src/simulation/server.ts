import type { Runtime } from '../kernel/runtime.ts'
import type { Entry } from '../ledger/entry.ts'
import { type Lineage, type SettleRequest, type Store, StoreFault } from '../ledger/store.ts'
import { failOver, losableData } from '../stores/memory/history.ts'
import { type MemoryData, memoryData, memoryStore } from '../stores/memory/index.ts'
import { type Machine, originMs } from './machine.ts'
import type { SimulationMutant } from './mutants/mutant.ts'
import type { Replication } from './plan.ts'
import type { Scheduler } from './scheduler.ts'

/** A row of the caller's own, written in the transaction of its entry. */
export interface OwnRow {
  readonly unit: string
  readonly id: string
  readonly input: number
  readonly atMs: number
}

/** One row of a commit, before and after. */
export interface Change {
  readonly ref: string
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

/** What the server is at work on: who asked for what. */
export interface Working {
  readonly method: string
  readonly by: Machine
  /** The rows that it is about. */
  readonly refs: readonly string[]
}

/** One place of the log. */
export interface Commit extends Working {
  readonly atMs: number
  readonly changes: readonly Change[]
  /** How much had been written before it: what an undo goes back to. */
  readonly writesBefore: number
}

export interface ServerOptions {
  readonly scheduler: Scheduler
  readonly replication: Replication
  /** Commits may be lost in a failover, and whoever uses it remembers what it was acknowledged. */
  readonly isLosable: boolean
  readonly mutant: SimulationMutant | undefined
  readonly onChange: (change: Change, working: Working) => void
  readonly onCommit: () => void
  readonly onOwnRow: (unit: string) => void
  /** A request has been worked. */
  readonly onRequest: (working: Working) => void
}

/** Rows that tell of every write. */
class WatchedRows extends Map<string, Entry> {
  changes: Change[] = []
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
 * replicated index. A failover cuts the log there, on a new timeline.
 *
 * With a synchronous standby a commit is acknowledged, and seen by others, when the standby has it; so nothing that was
 * seen is ever cut, but a commit whose wait was cancelled.
 */
export class Server {
  readonly #options: ServerOptions
  readonly #rows = new WatchedRows()
  readonly #data: MemoryData
  readonly #clock: Runtime
  readonly #log: Commit[] = []
  /** Ref → the session whose transaction has the row locked. */
  readonly #locks = new Map<string, object>()
  readonly ownRows: OwnRow[] = []
  /** How many places of the log the standby has. */
  #replicated = 0
  #nonces = 0
  isUp = true
  isReachable = true

  constructor(options: ServerOptions) {
    this.#options = options
    this.#data = { ...(options.isLosable ? losableData() : memoryData()), rows: this.#rows }
    // The database's clock is the one that all go by; that it is right is for its operators.
    this.#clock = {
      wallMs: () => originMs + options.scheduler.nowMs,
      monotonicMs: () => options.scheduler.nowMs,
      random: () => 0.5,
      randomBytes: (length) => new Uint8Array(length).fill((this.#nonces += 1)),
      setTimer: () => ({ cancel: () => undefined }),
      endOfTurn: () => undefined,
    }
  }

  /** One process's handle: what it knows of lineages is its own. */
  connect(): Store {
    const data = this.#data
    const engine = memoryStore({ share: data, runtime: this.#clock })
    return this.#options.mutant?.server?.(engine, { data, commits: () => this.#log.length }) ?? engine
  }

  row(ref: string): Entry | undefined {
    return this.#rows.get(ref)
  }

  get epoch(): number {
    return this.#data.lineage?.stands.epoch ?? 1
  }

  get isAnswering(): boolean {
    return this.isUp && this.isReachable
  }

  /** Works one request. Rejects with a `StoreFault`. Gives how many places the log has grown, too. */
  async work<A>(working: Working, run: () => Promise<A>): Promise<A> {
    if (!this.isAnswering) throw new StoreFault('unavailable', 'the server cannot be reached')
    const writesBefore = this.#data.undo?.length ?? 0
    const answer = await run()
    this.#options.onRequest(working)
    this.#commit(working, writesBefore)
    return answer
  }

  get commits(): number {
    return this.#log.length
  }

  isLocked(ref: string): boolean {
    return this.#locks.has(ref)
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
    engine: Store,
    working: Working,
    transaction: { request: SettleRequest; rows: readonly OwnRow[]; lineage: Lineage | undefined },
  ): Promise<Entry | undefined> {
    const { request, rows, lineage } = transaction
    return this.work(working, async () => {
      const [result] = (await engine.settle([request], lineage)).results
      if (result?.kind !== 'settled') return undefined
      const before = this.ownRows.length
      this.ownRows.push(...rows)
      this.#data.undo?.push(() => void (this.ownRows.length = before))
      return result.entry
    }).finally(() => {
      for (const { unit } of rows) this.#options.onOwnRow(unit)
    })
  }

  #commit(working: Working, writesBefore: number): void {
    const { changes } = this.#rows
    if (changes.length === 0) return
    this.#rows.changes = []
    this.#log.push({ ...working, atMs: this.#options.scheduler.nowMs, changes, writesBefore })
    if (this.#options.replication === 'sync') this.#replicated = this.#log.length
    for (const change of changes) this.#options.onChange(change, working)
    this.#options.onCommit()
  }

  /** The last commit's wait for the standby was cancelled: it is seen, and may not last. */
  cancelWait(): void {
    this.#replicated = Math.min(this.#replicated, this.#log.length - 1)
  }

  /** Whether the standby has the row as it is now. */
  isReplicated(ref: string): boolean {
    return !this.#log.slice(this.#replicated).some(({ changes }) => changes.some((one) => one.ref === ref))
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
    const lost = this.#log.splice(kept)
    this.#rows.isWatched = false
    failOver(this.#data, { keep: lost[0]?.writesBefore ?? this.#data.undo?.length ?? 0 })
    this.#rows.isWatched = true
    this.#replicated = this.#log.length
    this.isUp = true
    return lost.toReversed()
  }
}
