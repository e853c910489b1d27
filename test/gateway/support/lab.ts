import { createOnceward, type Onceward, type Store } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { parseGatewayConfig } from '../../../src/gateway/config.ts'
import { gatewayRules, type GatewayRules } from '../../../src/gateway/decisions.ts'
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts'
import { ask, type Asked, type Told } from './client.ts'
import type { Upstream } from './upstream.ts'

let lastKey = 0

/** A gateway in this process, before the service in its own. */
export class GatewayLab {
  readonly upstream: Upstream
  readonly errors: unknown[] = []
  readonly #rules: Partial<GatewayRules>
  readonly #gateways: Gateway[] = []

  constructor(upstream: Upstream, rules: Partial<GatewayRules> = {}) {
    this.upstream = upstream
    this.#rules = rules
  }

  /** Keys are new in the whole run, because the journal is one. */
  key(): string {
    lastKey += 1
    return `key-${process.pid}-${lastKey}`
  }

  async gateway(config: object = {}, store: Store = memoryStore()): Promise<Gateway> {
    const gateway = await startGateway({
      config: parseGatewayConfig({ upstream: this.upstream.url, listen: '127.0.0.1:0', ...config }),
      openLedger: async (operations) => this.#open(store, operations),
      onError: (error) => void this.errors.push(error),
      rules: { ...gatewayRules, ...this.#rules },
    })
    this.#gateways.push(gateway)
    return gateway
  }

  async #open(
    store: Store,
    operations: NonNullable<Parameters<typeof createOnceward>[0]['operations']>,
  ): Promise<Onceward> {
    const once = createOnceward({ store, scope: 'gateway', operations, sweep: false, storeTimeoutMs: 500 })
    await once.open().catch(() => undefined)
    return once
  }

  ask({ url }: Gateway, asked: Asked): Promise<Told> {
    return ask(url, asked)
  }

  async end(): Promise<void> {
    await this.upstream.release()
    await Promise.all(this.#gateways.map((gateway) => gateway.close()))
  }
}
