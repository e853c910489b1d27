import type { Runtime } from '../../kernel/runtime.ts'
import type { RecordStore } from '../../ledger/store.ts'
import type { Principal } from './principal.ts'
import { digestOf, type Tokens } from './tokens.ts'

const stream = 'server-sessions'

interface KeptSession {
  readonly tokenId: string
  readonly untilMs: number
}

/** Signed-in pages: a cookie stands for a token, and ends with it. Kept by the digest of the cookie alone. */
export class Sessions {
  readonly #records: RecordStore
  readonly #tokens: Tokens
  readonly #runtime: Runtime
  readonly #lifeMs: number

  constructor(parts: { records: RecordStore; tokens: Tokens; runtime: Runtime; lifeMs: number }) {
    this.#records = parts.records
    this.#tokens = parts.tokens
    this.#runtime = parts.runtime
    this.#lifeMs = parts.lifeMs
  }

  /** Gives the cookie. */
  async begin(principal: Principal): Promise<string> {
    const cookie = Buffer.from(this.#runtime.randomBytes(32)).toString('base64url')
    const session: KeptSession = { tokenId: principal.id, untilMs: this.#runtime.wallMs() + this.#lifeMs }
    await this.#records.append([{ stream, id: digestOf(cookie), body: JSON.stringify(session) }])
    await this.#records.prune({ stream, olderThanMs: this.#lifeMs, limit: 100 })
    return cookie
  }

  async principalOf(cookie: string): Promise<Principal | undefined> {
    const found = await this.#find(cookie)
    if (found === undefined || found.session.untilMs <= this.#runtime.wallMs()) return undefined
    return this.#tokens.principalById(found.session.tokenId)
  }

  async end(cookie: string): Promise<void> {
    const found = await this.#find(cookie)
    if (found === undefined) return
    const { id, version, session } = found
    await this.#records.replaceIf({ stream, id, version, body: JSON.stringify({ ...session, untilMs: 0 }) })
  }

  async #find(
    cookie: string,
  ): Promise<{ readonly id: string; readonly version: number; readonly session: KeptSession } | undefined> {
    const id = digestOf(cookie)
    // Digests do not share 63 of their 64 digits: the one behind this prefix is the one, or there is none.
    const [record] = await this.#records.read({ stream, after: id.slice(0, -1), limit: 1 })
    if (record?.id !== id) return undefined
    return { id, version: record.version, session: JSON.parse(record.body) as KeptSession }
  }
}
