import { StoreFault } from '../../ledger/store.ts'
import { breaksConnection, faultOf, type Phase, sqlState } from './faults.ts'
import type { Patience } from './patience.ts'
import {
  type ClientLike,
  type NoticeLike,
  type PoolAnswer,
  type Row,
  rawTypes,
  saysNotDurable,
} from './pool.ts'

/** A statement with its name: the server parses and plans it once per connection. */
export interface Statement {
  readonly name: string
  readonly text: string
}

interface About {
  readonly location: string
  readonly patience: Patience
  readonly namesStatements: boolean
  readonly isFresh: boolean
}

/** One connection while it is lent. */
export class Session {
  readonly client: ClientLike
  /** The server does not know the names we gave: a pooler stands between. */
  nameTrouble = false
  readonly #about: About
  #isBroken = false
  #isReleased = false
  #isWarned = false
  readonly #onNotice = (notice: NoticeLike): void => {
    if (saysNotDurable(notice)) this.#isWarned = true
  }
  // Without a listener of ours, a connection that breaks while it is lent would end the process.
  readonly #onError = (): void => {
    this.#isBroken = true
  }

  constructor(client: ClientLike, about: About) {
    this.client = client
    this.#about = about
    client.on('notice', this.#onNotice)
    client.on('error', this.#onError)
  }

  /** True when this connection was not lent before. */
  get isFresh(): boolean {
    return this.#about.isFresh
  }

  end(): void {
    this.client.removeListener('notice', this.#onNotice)
    // One that is thrown away may still tell of its end, and the pool does not listen to it any more.
    if (!this.#isBroken) this.client.removeListener('error', this.#onError)
    this.#release()
  }

  /** Nobody answers: thrown away, which ends the statement that waits for the answer. */
  giveUp(): void {
    this.#isBroken = true
    this.#release()
  }

  #release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.client.release(this.#isBroken)
  }

  /** Runs a statement; with phase `commit` its commit is acknowledged without a warning, or it is `lost`. */
  async run(statement: Statement, values: unknown[], phase: Phase): Promise<readonly Row[]> {
    const named = this.#about.namesStatements ? { name: statement.name } : {}
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
        `${this.#about.location}: the transaction was rolled back, because a statement in it had failed`,
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

  async #send(query: { name?: string; text: string; values?: unknown[] }, phase: Phase): Promise<PoolAnswer> {
    const { patience, location } = this.#about
    this.#isWarned = false
    patience.begin(this)
    let answer
    try {
      answer = await this.client.query({ ...query, rowMode: 'array', types: rawTypes })
    } catch (error) {
      const code = sqlState(error)
      this.nameTrouble ||= code === '26000' || code === '42P05'
      this.#isBroken ||= breaksConnection(error)
      throw faultOf(error, phase, location)
    } finally {
      patience.end(this)
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
