import type { Runtime, Timer } from '../kernel/runtime.ts'
import type { EpochGate } from './epoch-gate.ts'
import type { Entry } from './entry.ts'
import { isMissing } from './lineage.ts'
import type { Store, Watched, Witness } from './store.ts'

/** How long a registration stands for a worker that is there. */
export const registrationMs = 10_000
const pulseMs = 3_000
const forgottenMs = 24 * 60 * 60 * 1000
/** The stream of registrations: one record a worker, which names the last epoch in which it has recalled. */
export const workersStream = 'workers'

export interface PulseOptions {
  readonly runtime: Runtime
  readonly worker: string
  readonly scope: string
  readonly store: Pick<Store, 'records' | 'read'>
  readonly gate: EpochGate
}

/**
 * The worker's watermark: its last acknowledged rows, and its registration, a record whose version rises with every
 * pulse. Where the store has less of either than it acknowledged, it has lost something, whatever else it says.
 */
export class Pulse {
  readonly #options: PulseOptions
  readonly #witnesses = new Map<'claim' | 'end', Witness>()
  #version = 0
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: PulseOptions) {
    this.#options = options
  }

  /** Remembers the last row of a batch. The first one starts the pulse. */
  witness(way: 'claim' | 'end', entry: Entry | undefined, nowMs: number): void {
    if (entry === undefined) return
    const { ref, rev, retainMs } = entry
    this.#witnesses.set(way, { ref, rev, untilMs: nowMs + retainMs })
    if (this.#timer === undefined) this.#schedule()
  }

  /** In a new epoch: what there is now has been looked at. */
  reset(): void {
    this.#witnesses.clear()
    this.#version = 0
  }

  /** Whether the last rows are still there, as new as they were acknowledged. */
  async isIntact(): Promise<boolean> {
    const witnesses = [...this.#witnesses.values()]
    if (witnesses.length === 0) return true
    const { nowMs, results } = await this.#options.store.read(witnesses.map(({ ref }) => ref))
    return !witnesses.some((witness, index) => isMissing(witness, results[index]?.rev, nowMs))
  }

  /** What a store is to look for on a new connection. */
  watched(): Watched | undefined {
    const { lineage } = this.#options.gate
    if (lineage === undefined || this.#witnesses.size === 0) return undefined
    return { lineage, witnesses: [...this.#witnesses.values()] }
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #schedule(): void {
    if (this.#isStopped) return
    const { runtime, gate } = this.#options
    this.#timer = runtime.setTimer(
      pulseMs,
      () => {
        gate.shake()
        // A store that is out is looked at again with the next pulse.
        this.#beat()
          .catch(() => undefined)
          .finally(() => this.#schedule())
      },
      { background: true },
    )
  }

  async #beat(): Promise<void> {
    const { gate, store, worker, scope } = this.#options
    await gate.settle()
    const named = gate.lineage
    if (named === undefined) return
    const body = JSON.stringify({ epoch: named.epoch, scope, registrationMs })
    const next = { stream: workersStream, id: worker, version: this.#version, body, lineage: named }
    if (await gate.noticing(() => store.records.replaceIf(next))) {
      this.#version += 1
      if (this.#version > 1) return
      await store.records.prune({ stream: workersStream, olderThanMs: forgottenMs, limit: 100 })
      return
    }
    const version = await this.#versionThere()
    // A higher one is ours as well: its acknowledgement was lost.
    if (version < this.#version) await gate.lose(named)
    else this.#version = version
  }

  async #versionThere(): Promise<number> {
    const { store, worker } = this.#options
    for (let after: string | undefined; ; ) {
      const page = await store.records.read({
        stream: workersStream,
        limit: 100,
        ...(after === undefined ? {} : { after }),
      })
      const own = page.find(({ id }) => id === worker)
      if (own !== undefined) return own.version
      const last = page.at(-1)
      if (last === undefined || page.length < 100) return 0
      after = last.id
    }
  }
}
