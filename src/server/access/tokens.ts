import { hash, timingSafeEqual } from 'node:crypto'
import { label, oneOf } from '../../kernel/check.ts'
import { OncewardError } from '../../kernel/errors.ts'
import type { Runtime } from '../../kernel/runtime.ts'
import { timestamp } from '../../kernel/time.ts'
import type { RecordStore, StoredRecord } from '../../ledger/store.ts'
import { type Principal, type Role, roles } from './principal.ts'

const stream = 'server-tokens'
const maxTokens = 1000
/** How long a token that was revoked elsewhere is still believed here. */
const believedMs = 1000

/** A token as lists show it. The secret itself is known to nobody but whoever was given it. */
export interface Token {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly scopes?: readonly string[]
  readonly createdAt: string
  readonly createdBy: string
  readonly revokedAt?: string
}

interface Kept extends Token {
  /** SHA-256 of the whole token: 32 random bytes need no slower one. */
  readonly sha256: string
}

export interface TokenWish {
  readonly name: string
  readonly role: Role
  readonly scopes?: readonly string[] | undefined
}

/** The tokens of a store, for every server on it. */
export class Tokens {
  readonly #records: RecordStore
  readonly #runtime: Runtime
  #known:
    | { readonly atMs: number; readonly tokens: Promise<readonly (Kept & { version: number })[]> }
    | undefined

  constructor(records: RecordStore, runtime: Runtime) {
    this.#records = records
    this.#runtime = runtime
  }

  async list(): Promise<readonly Token[]> {
    return (await this.#read()).map(({ sha256: _sha256, version: _version, ...token }) => token)
  }

  /** Once there was a token, everything needs one: revoking the last one opens nothing. */
  async exist(): Promise<boolean> {
    return (await this.#believed()).length > 0
  }

  /** Whose token it is; `undefined` for one that is unknown or revoked. */
  async principalOf(secret: string): Promise<Principal | undefined> {
    const [, id] = /^ow_([0-9a-f]{12})_[\w-]{43}$/.exec(secret) ?? []
    if (id === undefined) return undefined
    const token = (await this.#believed()).find((each) => each.id === id)
    if (token === undefined || token.revokedAt !== undefined) return undefined
    const isSame = timingSafeEqual(Buffer.from(digestOf(secret)), Buffer.from(token.sha256))
    return isSame ? principalFor(token) : undefined
  }

  /** The same by its id, for sessions that were begun with it. */
  async principalById(id: string): Promise<Principal | undefined> {
    const token = (await this.#believed()).find((each) => each.id === id)
    return token === undefined || token.revokedAt !== undefined ? undefined : principalFor(token)
  }

  /** Gives the token, this once. Throws `OPTION_INVALID`. */
  async create(wish: TokenWish, by: string): Promise<{ readonly token: string; readonly id: string }> {
    const { name, role, scopes } = parseWish(wish)
    if ((await this.#read()).length >= maxTokens)
      throw new OncewardError('CONFLICT', `There are ${maxTokens} tokens already.`)
    const id = Buffer.from(this.#runtime.randomBytes(6)).toString('hex')
    const token = `ow_${id}_${Buffer.from(this.#runtime.randomBytes(32)).toString('base64url')}`
    const kept: Kept = {
      id,
      name,
      role,
      ...(scopes === undefined ? {} : { scopes }),
      createdAt: timestamp(this.#runtime.wallMs()),
      createdBy: by,
      sha256: digestOf(token),
    }
    if (!(await this.#records.replaceIf({ stream, id, version: 0, body: JSON.stringify(kept) })))
      throw new OncewardError('CONFLICT', `There is a token ${id} already; try again.`)
    this.#known = undefined
    return { token, id }
  }

  /** Ends a token and the sessions begun with it. Throws `NOT_FOUND`. Revoking twice changes nothing. */
  async revoke(id: string): Promise<Token> {
    for (;;) {
      const found = (await this.#read()).find((each) => each.id === id)
      if (found === undefined)
        throw new OncewardError('NOT_FOUND', `There is no token ${JSON.stringify(id)}.`)
      const { version, ...kept } = found
      const { sha256: _sha256, ...token } = kept
      if (kept.revokedAt !== undefined) return token
      const revokedAt = timestamp(this.#runtime.wallMs())
      const body = JSON.stringify({ ...kept, revokedAt })
      if (await this.#records.replaceIf({ stream, id, version, body })) {
        this.#known = undefined
        return { ...token, revokedAt }
      }
    }
  }

  #believed(): Promise<readonly Kept[]> {
    const nowMs = this.#runtime.monotonicMs()
    if (this.#known === undefined || nowMs - this.#known.atMs > believedMs) {
      const known = { atMs: nowMs, tokens: this.#read() }
      this.#known = known
      known.tokens.catch(() => {
        if (this.#known === known) this.#known = undefined
      })
    }
    return this.#known.tokens
  }

  async #read(): Promise<readonly (Kept & { version: number })[]> {
    const found = await this.#records.read({ stream, limit: maxTokens })
    return found.map((record) => ({ ...keptOf(record), version: record.version }))
  }
}

function keptOf({ body }: StoredRecord): Kept {
  return JSON.parse(body) as Kept
}

function principalFor({ id, name, role, scopes }: Kept): Principal {
  return { id, name, role, ...(scopes === undefined ? {} : { scopes }) }
}

export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

function parseWish({ name, role, scopes }: TokenWish): TokenWish {
  return {
    name: label(name, 'name', 100),
    role: oneOf(role, roles, 'role'),
    scopes: scopes?.map((scope) => label(scope, 'scope', 100)),
  }
}
