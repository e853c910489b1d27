import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type FaultProxy, faultProxy } from '../../src/drills/proxy/index.ts'
import { refOf } from '../../src/kernel/ids.ts'
import type { Entry } from '../../src/ledger/entry.ts'
import type { ClaimRequest, SettleRequest, Store } from '../../src/ledger/store.ts'
import { postgresStore, type PostgresStoreOptions } from '../../src/stores/postgres/index.ts'
import { quietPool, type TestDatabase, testDatabase } from './postgres.ts'

/** What a test file about the PostgreSQL store works with: a database, stores on it, requests. */
export class PostgresBench {
  readonly database: TestDatabase
  readonly #pools: Pool[] = []
  readonly #stores: Store[] = []
  readonly #proxies: FaultProxy[] = []
  #made = 0

  constructor(database: TestDatabase) {
    this.database = database
  }

  /** A pool of the caller's own, ended with the test. */
  pool(options: { readonly max?: number; readonly url?: string } = {}): Pool {
    const pool = quietPool({ connectionString: options.url ?? this.database.url, max: options.max ?? 5 })
    this.#pools.push(pool)
    return pool
  }

  /** A store on the database, not opened, closed with the test. */
  store(options: PostgresStoreOptions = { url: this.database.url }): Store {
    const store = postgresStore(options)
    this.#stores.push(store)
    return store
  }

  /** The database's URL with some parts changed. */
  urlWith(changes: Partial<Pick<URL, 'port' | 'pathname' | 'username' | 'password' | 'search'>>): string {
    return Object.assign(new URL(this.database.url), changes).href
  }

  /** An opened store whose connections go through a proxy that can cut them. */
  async proxied(
    options: PostgresStoreOptions = {},
  ): Promise<{ readonly store: Store; readonly proxy: FaultProxy }> {
    const proxy = await faultProxy({ target: this.database.url })
    this.#proxies.push(proxy)
    return { proxy, store: await this.opened({ url: proxy.through(this.database.url), ...options }) }
  }

  async opened(options?: PostgresStoreOptions): Promise<Store> {
    const store = this.store(options)
    await store.open()
    return store
  }

  claimOf(wanted: Partial<ClaimRequest> = {}): ClaimRequest {
    this.#made += 1
    const identity = {
      scope: 'shop',
      operation: 'charge',
      key: `order-${this.#made}-${randomBytes(4).toString('hex')}`,
    }
    const { scope, operation, key } = { ...identity, ...wanted }
    return {
      ref: refOf(scope, operation, key),
      fingerprint: '',
      safety: 'keyed',
      to: 'started',
      owner: randomBytes(16).toString('base64url'),
      leaseMs: 60_000,
      retainMs: 86_400_000,
      ...identity,
      ...wanted,
    }
  }

  settleOf(row: Entry, wanted: Partial<SettleRequest> = {}): SettleRequest {
    const { ref, owner, attempt, round, earlierUnknown } = row
    const outcome = { to: 'succeeded', endsLease: false, valueKept: true } as const
    return {
      ref,
      owner,
      attempt,
      round,
      earlierUnknown,
      ownerWrite: row.ownerWrite + 1,
      digest: `digest of ${ref}`,
      ...outcome,
      ...wanted,
    }
  }

  async claimed(store: Store, wanted: Partial<ClaimRequest> = {}): Promise<Entry> {
    const { results } = await store.claim([this.claimOf(wanted)])
    const [result] = results
    if (result?.kind !== 'claimed') throw new Error(`a claim of a new key was ${result?.kind}`)
    return result.entry
  }

  /** Resolves once a statement that begins like `text` waits for a lock. */
  async waits(text: string): Promise<void> {
    for (let tries = 0; tries < 2000; tries += 1) {
      const [row] = await this.database.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
        [`${text}%`],
      )
      if (row?.['n'] !== 0) return
    }
    throw new Error(`no statement like ${text} waits for a lock`)
  }

  async end(): Promise<void> {
    await Promise.all(this.#proxies.splice(0).map((proxy) => proxy.close()))
    await Promise.all(this.#stores.splice(0).map((store) => store.close()))
    await Promise.all(this.#pools.splice(0).map((pool) => pool.end()))
  }
}

/** Registers hooks that give the file a database, and end after each test what it opened. */
export function usePostgres(): () => PostgresBench {
  let bench: PostgresBench
  beforeAll(async () => {
    bench = new PostgresBench(await testDatabase())
  })
  afterEach(() => bench.end())
  afterAll(() => bench.database.drop())
  return () => bench
}
