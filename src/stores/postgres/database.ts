import { createHash } from 'node:crypto'
import { OncewardError } from '../../kernel/errors.ts'
import { KnownLineages } from '../../ledger/lineage.ts'
import { isStoreFault, type Lineage, StoreFault } from '../../ledger/store.ts'
import { faultOf } from './faults.ts'
import type { ParsedPostgresOptions } from './options.ts'
import type { ClientLike, PoolLike, Row } from './pool.ts'
import { Patience } from './patience.ts'
import { Session, type Statement } from './session.ts'

/** Names of the tables, with the schema in front where one was given. */
export interface Tables {
  readonly entries: string
  readonly lineage: string
  readonly watermarks: string
  readonly records: string
  readonly meta: string
}

/** The way to the server: connections, statements, and what their failures mean. */
export class Database {
  readonly options: ParsedPostgresOptions
  readonly tables: Tables
  readonly lineages: KnownLineages = new KnownLineages()
  /** Whether the server has timelines: found out when the store is opened. */
  hasTimeline = false
  readonly #patience: Patience
  /** Looks at what lies behind a connection; put in by `index.ts`. */
  greet: (session: Session) => Promise<unknown> = () => Promise.resolve()
  /** The nonce that was known when a connection was last looked at. */
  readonly #seen = new WeakMap<ClientLike, string>()
  #pool: Promise<PoolLike> | undefined
  #close: (() => Promise<void>) | undefined
  #isClosed = false
  #namesStatements: boolean

  constructor(options: ParsedPostgresOptions) {
    this.options = options
    this.#patience = new Patience(options.runtime, options.answerTimeoutMs)
    this.#namesStatements = options.namedStatements
    const prefix = options.schema === undefined ? '' : `"${options.schema}".`
    const table = (name: string): string => `${prefix}onceward_${name}`
    this.tables = {
      entries: table('entries'),
      lineage: table('lineage'),
      watermarks: table('watermarks'),
      records: table('records'),
      meta: table('meta'),
    }
  }

  /** The name carries a digest of the text: two stores on one pool must not share a name for two texts. */
  statement(what: string, text: string): Statement {
    return { name: `onceward_${what}_${createHash('sha256').update(text).digest('hex').slice(0, 8)}`, text }
  }

  /** The lineage to name in a write, where the caller names none: that of `open`, or what has been found since. */
  get writes(): Lineage {
    const { newest } = this.lineages
    if (newest === undefined)
      throw new StoreFault('unavailable', `${this.options.location}: the store is not open`)
    return newest
  }

  /** Runs one statement that commits by itself. Rejects with a StoreFault. */
  run(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    return this.session((session) => session.run(statement, values, 'commit'))
  }

  /**
   * Lends a connection. It goes back to the pool, or is thrown away where its state is unknown. A new one is looked at
   * before it is used, and each one once the lineage has changed: it may lead to a server that has been replaced.
   */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#connect()
    const nonce = this.lineages.newest?.nonce ?? ''
    const seen = this.#seen.get(client)
    const session = new Session(client, {
      location: this.options.location,
      patience: this.#patience,
      namesStatements: this.#namesStatements,
      isFresh: seen === undefined,
    })
    try {
      if (seen !== nonce) {
        await this.greet(session)
        this.#seen.set(client, nonce)
      }
      return await work(session)
    } finally {
      if (session.nameTrouble) this.#namesStatements = false
      session.end()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pool = this.#pool
    this.#pool = undefined
    if (pool === undefined) return
    await pool.catch(() => undefined)
    await this.#close?.()
  }

  async #connect(): Promise<ClientLike> {
    if (this.#isClosed)
      throw new StoreFault('unavailable', `${this.options.location}: the store has been closed`)
    try {
      this.#pool ??= this.#openPool()
      return await (await this.#pool).connect()
    } catch (error) {
      if (error instanceof OncewardError || isStoreFault(error)) throw error
      throw faultOf(error, 'connect', this.options.location)
    }
  }

  async #openPool(): Promise<PoolLike> {
    const { source } = this.options
    if ('pool' in source) return source.pool
    const { default: pg } = await import('pg').catch((cause: unknown) => {
      this.#pool = undefined
      throw new OncewardError(
        'DEPENDENCY_MISSING',
        'The PostgreSQL store needs the package pg, which is not installed: npm install pg',
        { cause },
      )
    })
    const pool = new pg.Pool({
      connectionString: source.url,
      max: source.connections,
      connectionTimeoutMillis: source.connectTimeoutMs,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      // A program that forgets close() still ends.
      allowExitOnIdle: true,
    })
    // An idle connection that the server closes is no fault of anybody's: the next statement gets a new one.
    pool.on('error', () => undefined)
    // A connection that breaks in the very moment in which it is lent has no other listener, and would end the process.
    pool.on('connect', (client) => {
      client.on('error', () => undefined)
    })
    this.#close = () => pool.end()
    return pool
  }
}

/** Of two requests for one entry in a batch only one can be taken, and both would be told so. */
export function requireDistinct(requests: readonly { readonly ref: string }[]): void {
  if (requests.length < 2) return
  const refs = new Set<string>()
  for (const { ref } of requests) {
    if (refs.has(ref))
      throw new StoreFault('rejected', `a batch holds each entry once, and this one has ${ref} twice`)
    refs.add(ref)
  }
}
