import type { RecallRules, YoungMoment } from './rules.ts'
import { isStoreFault, type Lineage, StoreFault } from './store.ts'

export interface EpochGateOptions {
  readonly recallWaitMs: number
  readonly believes: RecallRules['believes']
  /** Asserts all that is remembered under `lineage`. Rejects with a fault where it cannot. */
  readonly assert: (lineage: Lineage) => Promise<void>
  /** False when something that was acknowledged is missing in the store. */
  readonly isIntact: () => Promise<boolean>
  readonly leave: (lineage: Lineage) => Promise<Lineage>
  readonly onTurn: (next: Lineage, former: Lineage) => void
}

/**
 * Through here goes every write: it names the lineage under which all that is remembered has been asserted. When
 * another one comes up nothing passes until that has been done again. An answer that comes in under a lineage that has
 * been left counts as lost, for the server that gave it may be gone.
 */
export class EpochGate {
  readonly #options: EpochGateOptions
  #lineage: Lineage | undefined
  /** The lineage that stands, as long as not all has been asserted under it. */
  #pending: Lineage | undefined
  /** How often a connection broke, and how many of these times the last rows have been looked at since. */
  #shocks = 0
  #looked = 0
  #isYoung = false
  #turning: Promise<void> | undefined
  #looking: Promise<void> | undefined

  constructor(options: EpochGateOptions) {
    this.#options = options
  }

  /** The lineage that writes name. */
  get lineage(): Lineage | undefined {
    return this.#lineage
  }

  get isYoung(): boolean {
    return this.#isYoung
  }

  get young(): YoungMoment | undefined {
    const { epoch, beganAtMs } = this.#lineage ?? {}
    if (!this.#isYoung || epoch === undefined || beganAtMs === undefined) return undefined
    return { epoch, beganAtMs, untilMs: beganAtMs + this.#options.recallWaitMs }
  }

  /** What `open` found: the first time there is nothing to assert. */
  open(lineage: Lineage): void {
    if (this.#lineage === undefined) this.#adopt(lineage)
    else this.#turn(lineage)
  }

  async write<R>(send: (lineage: Lineage) => Promise<R>): Promise<R> {
    if (this.#pending !== undefined || this.#looked < this.#shocks) await this.settle()
    const named = this.#lineage
    if (named === undefined) throw new StoreFault('unavailable', 'the store is not open')
    const answer = await this.noticing(() => send(named))
    if (this.#options.believes(named, this.#pending ?? this.#lineage ?? named)) return answer
    throw new StoreFault('lost', 'the answer belongs to a lineage that has been left')
  }

  /** Runs a call to the store, and draws the conclusions from its fault. */
  async noticing<R>(call: () => Promise<R>): Promise<R> {
    try {
      return await call()
    } catch (error) {
      if (isStoreFault(error)) {
        if (error.lineage !== undefined) this.#turn(error.lineage)
        else if (error.kind === 'lost' || error.kind === 'unavailable') this.shake()
      }
      throw error
    }
  }

  /** Looks at the last rows, and asserts what is remembered, where either is due. */
  async settle(): Promise<void> {
    if (this.#pending === undefined) await (this.#looking ??= this.#look())
    if (this.#pending !== undefined) await this.#turnOver()
  }

  /** The next write is to be preceded by a look. */
  shake(): void {
    this.#shocks += 1
  }

  /** Something is missing that was acknowledged under `lineage`. */
  async lose(lineage: Lineage): Promise<void> {
    this.#turn(await this.noticing(() => this.#options.leave(lineage)))
  }

  /** The store's clock, as an answer told it. */
  heard(nowMs: number): void {
    if (this.#isYoung && nowMs >= (this.young?.untilMs ?? 0)) this.#isYoung = false
  }

  async #look(): Promise<void> {
    try {
      const lineage = this.#lineage
      const shocks = this.#shocks
      const isIntact = await this.noticing(this.#options.isIntact)
      if (!isIntact && lineage !== undefined) await this.lose(lineage)
      this.#looked = shocks
    } finally {
      this.#looking = undefined
    }
  }

  #turn(next: Lineage): void {
    const former = this.#pending ?? this.#lineage
    // An older one is news that came late.
    if (former === undefined || next.epoch <= former.epoch) return
    this.#pending = next
    this.#options.onTurn(next, former)
    // Others wait for this process: it does not wait for its next caller.
    this.#turnOver().catch(() => undefined)
  }

  #turnOver(): Promise<void> {
    this.#turning ??= this.#assert().finally(() => {
      this.#turning = undefined
    })
    return this.#turning
  }

  async #assert(): Promise<void> {
    for (let next = this.#pending; next !== undefined; next = this.#pending) {
      const lineage = next
      try {
        await this.noticing(() => this.#options.assert(lineage))
      } catch (error) {
        if (this.#pending === lineage) throw error
        continue
      }
      if (this.#pending === lineage) this.#adopt(lineage)
    }
  }

  #adopt(lineage: Lineage): void {
    this.#pending = undefined
    this.#looked = this.#shocks
    this.#lineage = lineage
    this.#isYoung = lineage.beganAtMs !== undefined
  }
}
