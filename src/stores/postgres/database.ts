import { createHash } from 'node:crypto'
import { OncewardError } from '../../kernel/errors.ts'
import { isStoreFault, type Lineage, StoreFault } from '../../ledger/store.ts'
import { breaksConnection, faultOf, type Phase, sqlState } from './faults.ts'
import type { ParsedPostgresOptions } from './options.ts'
import {
  type ClientLike,
  type NoticeLike,
  type PoolLike,
  type Row,
  rawTypes,
  saysNotDurable,
} from './pool.ts'

/** A statement with its name: the server parses and plans it once per connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

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
  /** The lineage that writes name. Set by `open`, replaced when a write finds another. */
  lineage: Lineage | undefined
  #pool: Promise<PoolLike> | undefined
  #close: (() => Promise<void>) | undefined
  #isClosed = false
  #namesStatements: boolean

  constructor(options: ParsedPostgresOptions) {
    this.options = options
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

  /** The lineage to name in a write. */
  get writes(): Lineage {
    if (this.lineage === undefined)
      throw new StoreFault('unavailable', `${this.options.location}: the store is not open`)
    return this.lineage
  }

  /** Runs one statement that commits by itself. Rejects with a StoreFault. */
  run(statement: Statement, values: unknown[]): Promise<readonly Row[]> {
    return this.session((session) => session.run(statement, values, 'commit'))
  }

  /** Lends a connection. It goes back to the pool, or is thrown away where its state is unknown. */
  async session<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = new Session(await this.#connect(), this.options, this.#namesStatements)
    try {
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
    this.#close = () => pool.end()
    return pool
  }
}

/** One connection while it is lent. */
export class Session {
  readonly client: ClientLike
  /** The server does not know the names we gave: a pooler stands between. */
  nameTrouble = false
  readonly #options: ParsedPostgresOptions
  readonly #namesStatements: boolean
  #isBroken = false
  #isWarned = false
  readonly #onNotice = (notice: NoticeLike): void => {
    if (saysNotDurable(notice)) this.#isWarned = true
  }
  // Without a listener of ours, a connection that breaks while it is lent would end the process.
  readonly #onError = (): void => {
    this.#isBroken = true
  }

  constructor(client: ClientLike, options: ParsedPostgresOptions, namesStatements: boolean) {
    this.client = client
    this.#options = options
    this.#namesStatements = namesStatements
    client.on('notice', this.#onNotice)
    client.on('error', this.#onError)
  }

  end(): void {
    this.client.removeListener('notice', this.#onNotice)
    this.client.removeListener('error', this.#onError)
    this.client.release(this.#isBroken)
  }

  /** Runs a statement; with phase `commit` its commit is acknowledged without a warning, or it is `lost`. */
  async run(statement: Statement, values: unknown[], phase: Phase): Promise<readonly Row[]> {
    const named = this.#namesStatements ? { name: statement.name } : {}
    const { rows } = await this.#send({ ...named, text: statement.text, values }, phase)
    return rows as unknown as readonly Row[]
  }

  /** Runs a statement that is made for its values, without a name. */
  async once(text: string, values: unknown[]): Promise<readonly Row[]> {
    return (await this.#send({ text, values }, 'commit')).rows as unknown as readonly Row[]
  }

  /** Runs SQL without parameters. */
  async command(text: string, phase: Phase = 'inside'): Promise<readonly Row[]> {
    return (await this.#send({ text }, phase)).rows as unknown as readonly Row[]
  }

  /** Runs `work` between BEGIN and COMMIT; what it throws is thrown on after a ROLLBACK. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.command('BEGIN')
    const value = await work().catch(async (error: unknown) => {
      await this.rollback()
      throw error
    })
    await this.commit()
    return value
  }

  /** COMMIT. Of a transaction that a failed statement has spoilt the server makes a ROLLBACK without an error. */
  async commit(): Promise<void> {
    const { command } = await this.#send({ text: 'COMMIT' }, 'commit')
    if (command !== 'COMMIT') {
      throw new StoreFault(
        'rejected',
        `${this.#options.location}: the transaction was rolled back, because a statement in it had failed`,
      )
    }
  }

  /** ROLLBACK. Where it cannot be sent, the connection is thrown away, which comes to the same. */
  async rollback(): Promise<void> {
    if (this.#isBroken) return
    await this.#send({ text: 'ROLLBACK' }, 'inside').catch(() => {
      this.#isBroken = true
    })
  }

  async #send(
    query: { name?: string; text: string; values?: unknown[] },
    phase: Phase,
  ): Promise<{ rows: unknown[][]; command: string }> {
    const { answerTimeoutMs, location } = this.#options
    this.#isWarned = false
    let answer
    try {
      answer = await this.client.query({
        ...query,
        rowMode: 'array',
        types: rawTypes,
        query_timeout: answerTimeoutMs,
      })
    } catch (error) {
      const code = sqlState(error)
      this.nameTrouble ||= code === '26000' || code === '42P05'
      this.#isBroken ||= breaksConnection(error)
      throw faultOf(error, phase, location)
    }
    if (phase === 'commit' && this.#isWarned) {
      throw new StoreFault(
        'lost',
        `${location}: the wait for the standby was cancelled, so the commit may not last`,
      )
    }
    return answer
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
