import { createOnceward, type Onceward, type Store } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory/index.ts'
import { parseGatewayConfig } from '../../../src/gateway/config.ts'
import { gatewayRules, type GatewayRules } from '../../../src/gateway/decisions.ts'
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts'
import type { GatewayConfig } from '../../../src/gateway/schema.ts'
import { ask, type Asked, type Told } from './client.ts'
import type { Upstream } from './upstream.ts'

let lastKey = 0

interface Placed {
  readonly store?: Store
  /** Of verifiable routes, below what a configuration may say: no request of these tests lives that long. */
  readonly settleMs?: number
}

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

  async gateway(config: object = {}, { store = memoryStore(), settleMs }: Placed = {}): Promise<Gateway> {
    const parsed = parseGatewayConfig({ upstream: this.upstream.url, listen: '127.0.0.1:0', ...config })
    const gateway = await startGateway({
      config: settleMs === undefined ? parsed : settlingIn(parsed, settleMs),
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

function settlingIn(config: GatewayConfig, settleMs: number): GatewayConfig {
  const routes = config.routes.map((route) =>
    route.safety.kind === 'verifiable' ? { ...route, safety: { ...route.safety, settleMs } } : route,
  )
  return { ...config, routes }
}
