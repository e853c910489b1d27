import type { Runtime } from '../kernel/runtime.ts'
import type { RecordStore } from '../ledger/store.ts'
import type { Activity } from './activity/activity.ts'
import { pause } from './pause.ts'

export interface JobsOptions {
  readonly records: RecordStore
  readonly activity: Activity
  readonly scopes: readonly string[]
  readonly runtime: Runtime
  readonly everyMs: number
  readonly onError: (error: unknown) => void
}

const stream = 'server-jobs'

/**
 * What a server does beside answering, in turns with the others on its store: minutes become hours, and what is of no use
 * any more is forgotten. Lapsed leases, verify answers and the retention of entries are the sweeps' of its instances,
 * which take turns likewise.
 */
export class Jobs {
  readonly #options: JobsOptions
  readonly #stopping = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: JobsOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    const { runtime, everyMs, onError } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await pause(runtime, everyMs * (0.75 + runtime.random() / 2), signal)
      if (!signal.aborted) await this.once().catch(onError)
    }
  }

  /** One turn, if it is this server's. */
  async once(): Promise<boolean> {
    const { records, activity, scopes, runtime, everyMs } = this.#options
    const [turn] = await records.read({ stream, limit: 1 })
    // Clocks of different machines differ; a turn that seems to lie ahead is taken after one period of ours.
    const sinceMs = turn === undefined ? Number.POSITIVE_INFINITY : Math.abs(runtime.wallMs() - turn.atMs)
    if (sinceMs < everyMs / 2) return false
    const next = { stream, id: 'turn', version: turn?.version ?? 0, body: '{}' }
    if (!(await records.replaceIf(next))) return false
    for (const scope of scopes) await activity.tidy(scope)
    return true
  }
}
