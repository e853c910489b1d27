import { AsyncLocalStorage } from 'node:async_hooks'
import { type Client, createClient } from '../../outbound/client.ts'
import { decodeKey } from '../../ledger/key.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Receipt } from '../../ledger/receipt.ts'
import type { Telemetry } from '../../telemetry/index.ts'
import { Problem } from '../problems.ts'
import { nextTurn } from './turn.ts'
import { inputOf, type NamedWish } from './wish.ts'

/** What the configuration says of a target. */
export interface EffectTarget {
  readonly origin: string
  /** Environment variable with a bearer token: so that no credential is sent to, or kept by, the server. */
  readonly tokenEnv?: string
}

const maxClients = 200
const dayMs = 24 * 60 * 60 * 1000
const usualKeyLifetimeMs = 23 * 60 * 60 * 1000
const maxRunMs = 60 * 60 * 1000

export interface SenderOptions {
  readonly targets?: readonly EffectTarget[] | undefined
  /** Shows the requests of its clients. */
  readonly telemetry?: Pick<Telemetry, 'watch' | 'unwatch'> | undefined
}

/** Performs effects of one scope, each once: the ledger decides who runs and what is replayed. */
export class EffectSender {
  readonly #once: Onceward
  readonly #targets: readonly EffectTarget[] | undefined
  readonly #telemetry: SenderOptions['telemetry']
  readonly #clients = new Map<string, Client>()
  readonly #receipts = new AsyncLocalStorage<{ receipt?: Receipt }>()

  /** Without `targets` any origin may be asked for. */
  constructor(once: Onceward, { targets, telemetry }: SenderOptions) {
    this.#targets = targets
    this.#telemetry = telemetry
    this.#once = {
      ...once,
      execute: async (intent, effect) => {
        const receipt = await once.execute(intent, async (attempt) => {
          const value = await effect(attempt)
          await nextTurn()
          return value
        })
        const seen = this.#receipts.getStore()
        if (seen !== undefined) seen.receipt = receipt
        return receipt
      },
    }
  }

  /** Throws a problem for a target that is not on the list. */
  targetOf({ wish }: NamedWish): EffectTarget {
    const { origin } = new URL(wish.target.url)
    if (this.#targets === undefined) return { origin }
    const target = this.#targets.find((each) => each.origin === origin)
    if (target === undefined) throw new Problem('not-allowed', `effects.targets does not name ${origin}.`)
    return target
  }

  /**
   * One try; where somebody else is at it, that one's outcome, if it comes within `waitMs`. Gives the ledger's receipt, whatever
   * came of it; throws what the ledger throws for misuse or outage.
   */
  async perform(named: NamedWish, waitMs: number): Promise<Receipt> {
    const { wish, operation, key } = named
    const { pathname, search } = new URL(wish.target.url)
    const seen: { receipt?: Receipt } = {}
    const { body, subject } = wish
    const call = this.#receipts.run(seen, () =>
      this.#clientOf(named).request({
        method: wish.target.method ?? 'POST',
        path: `${pathname}${search}`,
        headers: this.#headersOf(named),
        body,
        intent: {
          operation,
          key: decodeKey(key),
          input: inputOf(wish, body),
          ...(subject === undefined ? {} : { subject }),
          waitMs,
        },
      }),
    )
    try {
      await call
    } catch (error) {
      if (seen.receipt === undefined) throw error
    }
    if (seen.receipt === undefined) throw new Error('the ledger gave no receipt')
    return seen.receipt
  }

  #headersOf(named: NamedWish): Record<string, string> {
    const { tokenEnv } = this.targetOf(named)
    const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]
    return {
      ...named.wish.target.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
  }

  #clientOf(named: NamedWish): Client {
    const { wish } = named
    const { origin } = this.targetOf(named)
    const { safety = 'blind', keyHeader = 'idempotency-key', timeoutMs = 30_000 } = wish
    const keyLifetimeMs = wish.keyLifetimeMs ?? usualKeyLifetimeMs
    const name = JSON.stringify([origin, safety, keyHeader, timeoutMs, keyLifetimeMs])
    const known = this.#clients.get(name)
    if (known !== undefined) {
      this.#clients.delete(name)
      this.#clients.set(name, known)
      return known
    }
    const client = createClient({
      baseUrl: origin,
      once: this.#once,
      timeoutMs,
      retry: { attempts: 1 },
      target: {
        name: new URL(origin).host,
        ...(safety === 'keyed' ? { key: { in: 'header', name: keyHeader }, keyLifetimeMs } : {}),
      },
    })
    this.#telemetry?.watch(client)
    this.#clients.set(name, client)
    const [oldest] = this.#clients.keys()
    if (this.#clients.size > maxClients && oldest !== undefined) this.#forget(oldest)
    return client
  }

  #forget(name: string): void {
    const client = this.#clients.get(name)
    this.#clients.delete(name)
    if (client === undefined) return
    this.#telemetry?.unwatch(client)
    void client.close({ graceMs: maxRunMs })
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(
      [...this.#clients.values()].map((client) => client.close({ graceMs: Math.min(graceMs, dayMs) })),
    )
  }
}
