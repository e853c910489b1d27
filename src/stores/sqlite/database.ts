import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { delay, fullJitterMs, type Runtime } from '../../kernel/runtime.ts'
import { isSameLineage, KnownLineages, lineageConflict } from '../../ledger/lineage.ts'
import { type Lineage, StoreFault } from '../../ledger/store.ts'
import {
  canUseWal,
  durabilityPragmas,
  faultOf,
  isBusy,
  type ListStatement,
  listStatement,
  loadSqlite,
  readPragma,
} from './driver.ts'
import { createSchema, lineageOf, lineageSql } from './schema.ts'

const busyBounds = { baseMs: 1, capMs: 40 }

/**
 * One connection to a database file, shared by all lanes. Every transaction is one synchronous turn of the event
 * loop, so two never mix. Where another process holds the writer's lock, we wait asynchronously and with jitter:
 * SQLite's own busy handler would block the event loop.
 */
export class Database {
  readonly path: string
  readonly #runtime: Runtime
  readonly #busyTimeoutMs: number
  readonly #statements = new Map<string, StatementSync>()
  readonly #lists = new Map<string, ListStatement>()
  #db: DatabaseSync | undefined
  #opening: Promise<Lineage> | undefined
  readonly #known = new KnownLineages()
  #isClosed = false

  constructor(path: string, options: { runtime: Runtime; busyTimeoutMs: number }) {
    this.path = path
    this.#runtime = options.runtime
    this.#busyTimeoutMs = options.busyTimeoutMs
  }

  /** Opens the file and makes the schema; once, and again after a failure. Gives the lineage that is known by then. */
  async open(): Promise<Lineage> {
    this.#opening ??= this.#connect().catch((error: unknown) => {
      this.#opening = undefined
      this.#db?.close()
      this.#db = undefined
      throw error instanceof StoreFault ? error : faultOf(error, this.path)
    })
    const first = await this.#opening
    return this.#known.newest ?? first
  }

  async #connect(): Promise<Lineage> {
    const { DatabaseSync: Sqlite } = loadSqlite()
    const db = new Sqlite(this.path, { timeout: 0 })
    this.#db = db
    // Even this statement finds the file locked while another process switches its journal mode.
    const [version] = await this.#patiently(() =>
      Object.values(db.prepare('SELECT sqlite_version()').get() ?? {}),
    )
    const mode = canUseWal(String(version)) ? 'WAL' : 'DELETE'
    await this.#patiently(() => {
      // A switch of the journal mode needs the file for itself, so it is only asked for where it is not set.
      if (String(readPragma(db, 'journal_mode')).toUpperCase() !== mode)
        db.exec(`PRAGMA journal_mode = ${mode}`)
      // Keys are spread evenly, so a longer log gathers many changes of one page before they are written back.
      db.exec(`${durabilityPragmas}; PRAGMA wal_autocheckpoint = 8000`)
    })
    return this.#known.follow(await this.write(() => createSchema(db, this.#runtime, this.path)))
  }

  /** Called first in every batch: under another lineage than is named, or was known, nothing is written. */
  checkLineage(named?: Lineage): Lineage {
    const believed = named ?? this.#known.newest
    const now = this.#known.follow(lineageOf(this.statement(lineageSql).get()))
    if (believed !== undefined && !isSameLineage(believed, now)) throw lineageConflict(this.path, now)
    return now
  }

  /** Begins the lineage after `left`, if it still stands. */
  async leave(left: Lineage): Promise<Lineage> {
    const nonce = Buffer.from(this.#runtime.randomBytes(16)).toString('base64url')
    const nowMs = Math.floor(this.#runtime.wallMs())
    const stands = await this.write(() => {
      this.statement(
        'UPDATE onceward_lineage SET epoch = epoch + 1, nonce = ?, began_at_ms = ? WHERE epoch = ? AND nonce = ?',
      ).run(nonce, nowMs, left.epoch, left.nonce)
      return lineageOf(this.statement(lineageSql).get())
    })
    return this.#known.follow(stands)
  }

  get connection(): DatabaseSync {
    if (this.#isClosed) throw new StoreFault('unavailable', `${this.path} has been closed`)
    if (this.#db === undefined) throw new StoreFault('unavailable', `${this.path} has not been opened`)
    return this.#db
  }

  /** A prepared statement, made once. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.connection.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** The same, with its rows as lists of values, for `entryOf`. */
  lists(sql: string): ListStatement {
    const known = this.#lists.get(sql)
    if (known !== undefined) return known
    const statement = listStatement(this.connection.prepare(sql))
    this.#lists.set(sql, statement)
    return statement
  }

  /** Runs `work` in a write transaction: all of it is durable when this resolves, or none of it happened. */
  write<T>(work: () => T): Promise<T> {
    return this.#patiently(() => this.#transact('BEGIN IMMEDIATE', work))
  }

  /** Runs `work` on one snapshot. */
  read<T>(work: () => T): Promise<T> {
    return this.#patiently(() => this.#transact('BEGIN', work))
  }

  #transact<T>(begin: string, work: () => T): T {
    const db = this.connection
    db.exec(begin)
    try {
      const value = work()
      db.exec('COMMIT')
      return value
    } catch (error) {
      rollBack(db)
      throw error
    }
  }

  async #patiently<T>(work: () => T): Promise<T> {
    const untilMs = this.#runtime.monotonicMs() + this.#busyTimeoutMs
    for (let tries = 0; ; tries += 1) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || this.#runtime.monotonicMs() >= untilMs) throw this.#translate(error)
      }
      await delay(this.#runtime, 0.5 + fullJitterMs(this.#runtime, tries, busyBounds))
    }
  }

  /** Errors of SQLite become faults; what a user's own callback threw stays as it is. */
  #translate(error: unknown): unknown {
    return typeof error === 'object' && error !== null && 'errcode' in error
      ? faultOf(error, this.path)
      : error
  }

  close(): void {
    this.#isClosed = true
    this.#statements.clear()
    this.#lists.clear()
    this.#db?.close()
    this.#db = undefined
  }
}

/** Some errors of SQLite have rolled back already, and early versions of node:sqlite cannot tell. */
function rollBack(db: DatabaseSync): void {
  try {
    db.exec('ROLLBACK')
  } catch {
    // There was no transaction left.
  }
}
