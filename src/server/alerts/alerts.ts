import type { Runtime } from '../../kernel/runtime.ts'
import { timestamp } from '../../kernel/time.ts'
import type { Onceward } from '../../ledger/onceward.ts'
import type { Activity } from '../activity/activity.ts'
import type { Ledgers } from '../ledgers.ts'
import { pause } from '../pause.ts'
import type { RecordedResults } from '../recorded.ts'
import { newestReconciliations } from '../reconciliation-samples.ts'
import type { Alert, AlertsConfig, Channel } from './alert.ts'
import { safetyOf, send } from './channels.ts'
import { doubtsAlert, reconciliationAlert, twinsAlert } from './conditions.ts'

export interface AlertsOptions {
  readonly config: AlertsConfig
  readonly ledgers: Ledgers
  readonly activity: Activity
  readonly recorded: RecordedResults
  /** The ledger that alerts are effects of: several servers send each of them once. */
  readonly once: Onceward
  readonly runtime: Runtime
  readonly onError: (error: unknown) => void
}

const counted = 500

/** An alert, and what names it: the same on every server. */
interface Named {
  readonly alert: Alert
  readonly key: readonly string[]
}

/**
 * Looks again and again at what somebody should hear of, and tells the channels: each of a kind and scope at most once an
 * hour of the clock, each reconciliation once.
 */
export class Alerts {
  readonly #options: AlertsOptions
  readonly #stopping = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: AlertsOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#options.config.channels.length > 0) this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { runtime, config, onError } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await pause(runtime, config.everyMs * (0.75 + runtime.random() / 2), signal)
      if (!signal.aborted) await this.look().catch(onError)
    }
  }

  /** One look, and what comes of it. What cannot be sent is told to `onError`, and tried again at the next look. */
  async look(): Promise<void> {
    const { config, ledgers, onError } = this.#options
    for (const scope of ledgers.scopes) {
      for (const named of await this.#found(scope)) {
        const channels = config.channels.filter(({ on }) => on.includes(named.alert.kind))
        await Promise.all(channels.map((channel) => this.#tell(channel, named).catch(onError)))
      }
    }
  }

  async #found(scope: string): Promise<readonly Named[]> {
    const { config, ledgers, activity, recorded, runtime } = this.#options
    const nowMs = runtime.wallMs()
    const hour = timestamp(nowMs).slice(0, 13)
    const [{ doubts, next }, { twins }, reconciled] = await Promise.all([
      ledgers.of(scope).doubts.list({ limit: counted, to: new Date(nowMs - config.inDoubtAfterMs) }),
      activity.twins(scope, { limit: counted }),
      newestReconciliations(recorded, scope),
    ])
    const byHour = [
      doubtsAlert({ scope, doubts, isBound: next !== undefined, nowMs, afterMs: config.inDoubtAfterMs }),
      twinsAlert({ scope, twins: twins.map(({ event }) => event), nowMs }),
    ].flatMap((alert) => (alert === undefined ? [] : [{ alert, key: [alert.kind, scope, hour] }]))
    const byId = reconciled.flatMap(({ id, ...one }) => {
      const alert = reconciliationAlert({ scope, ...one })
      return alert === undefined ? [] : [{ alert, key: [alert.kind, scope, id] }]
    })
    return [...byHour, ...byId]
  }

  async #tell(channel: Channel, { alert, key }: Named): Promise<void> {
    const intent = {
      operation: `alert ${channel.name}`.slice(0, 100),
      key,
      safety: safetyOf(channel),
      retry: 'on-failure',
      onConcurrent: 'reject',
    } as const
    const receipt = await this.#options.once.execute(intent, ({ effectKey }) =>
      send(channel, alert, effectKey),
    )
    if (receipt.error !== undefined && !receipt.replayed && receipt.error.code !== 'IN_PROGRESS')
      throw new Error(`The alert "${alert.title}" was not sent to ${channel.name}: ${receipt.error.message}`)
  }
}
