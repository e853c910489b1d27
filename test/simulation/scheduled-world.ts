import type * as fc from 'fast-check'
import { DefiniteFailure, isOncewardError } from '../../src/kernel/errors.ts'
import type { Runtime } from '../../src/kernel/runtime.ts'
import { createLedger } from '../../src/ledger/create.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt, Onceward } from '../../src/ledger/onceward.ts'
import { rules as standardRules } from '../../src/ledger/rules.ts'
import { type Store, StoreFault } from '../../src/ledger/store.ts'
import { memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import { atOnce } from '../../src/testing/at-once.ts'
import type { LedgerMutant } from '../../src/testing/mutants.ts'

/** One call: by which worker, and what its request to the target comes to, should it send one. */
export interface PlannedCall {
  readonly worker: number
  readonly answer: 'arrives' | 'answer-lost' | 'refused'
}

export interface Plan {
  readonly safety: 'blind' | 'keyed' | 'verifiable'
  readonly calls: readonly PlannedCall[]
  /** Which answers of the store are lost, by the number of the request. */
  readonly lostReplies: readonly number[]
}

export interface Lived {
  readonly effects: number
  /** The outcome of each call: its value, or the code of its error. */
  readonly told: readonly string[]
}

const workers = 3
const leaseMs = 1_000

/** A world in which a scheduler says what happens next: which message arrives, and which timer fires. */
export class ScheduledWorld {
  readonly #scheduler: fc.Scheduler
  readonly #plan: Plan
  readonly #instances: readonly Onceward[]
  readonly #effects: string[] = []
  #nowMs = 0
  #requests = 0
  #random = 0

  constructor(scheduler: fc.Scheduler, plan: Plan, mutant?: LedgerMutant) {
    this.#scheduler = scheduler
    this.#plan = plan
    const share = memoryData()
    const rules = { ...standardRules, ...mutant?.rules?.(standardRules) }
    this.#instances = Array.from({ length: workers }, (_, index) => {
      const plain = this.#runtime()
      const runtime = mutant?.runtime?.(plain) ?? plain
      const store = this.#between(memoryStore({ share, runtime }), index)
      return createLedger({ store: mutant?.store?.(store, runtime) ?? store, sweep: false }, runtime, {
        rules,
        seldom: atOnce,
      })
    })
  }

  /** All calls at once; every step that they wait for is the scheduler's to choose. */
  async live(): Promise<Lived> {
    const told = this.#plan.calls.map((call) => this.#call(call))
    return { told: await this.#scheduler.waitFor(Promise.all(told)), effects: this.#effects.length }
  }

  async #call({ worker, answer }: PlannedCall): Promise<string> {
    const effect = (attempt: Attempt): Promise<string> => this.#request(attempt.effectKey, answer)
    try {
      const once = this.#instances[worker] as Onceward
      return await once.run(this.#intent(), effect)
    } catch (error) {
      if (isOncewardError(error)) return error.code
      throw error
    }
  }

  #intent(): Intent {
    const { safety } = this.#plan
    const base: Intent = { operation: 'charge', key: 'order-1', leaseMs, waitMs: 20_000 }
    if (safety === 'keyed') return { ...base, safety: { kind: safety, keyLifetimeMs: 1_000_000_000 } }
    if (safety === 'blind') return { ...base, safety }
    const verify = (): { happened: true; value: string } | { happened: false } =>
      this.#effects[0] === undefined ? { happened: false } : { happened: true, value: 'effect 1' }
    return { ...base, safety: { kind: safety, verify, settleMs: 100 } }
  }

  /** A request to the target. One that can be asked has done it at once: `settleMs` outlives no request otherwise. */
  async #request(effectKey: string, answer: PlannedCall['answer']): Promise<string> {
    if (this.#plan.safety !== 'verifiable') await this.#turn('the request is on its way')
    if (answer === 'refused') throw new DefiniteFailure('refused')
    const known = this.#plan.safety === 'keyed' ? this.#effects.indexOf(effectKey) : -1
    const number = known >= 0 ? known + 1 : this.#effects.push(effectKey)
    await this.#turn('the answer is on its way')
    if (answer === 'answer-lost') throw new Error('socket hang up')
    return `effect ${number}`
  }

  async #turn(label: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), label)
  }

  /** Each request to the store, and each answer, takes its own time; some answers never come. */
  #between(store: Store, worker: number): Store {
    const pass = async <R>(name: string, work: () => Promise<R>): Promise<R> => {
      this.#requests += 1
      const isLost = this.#plan.lostReplies.includes(this.#requests)
      await this.#turn(`worker ${worker}: ${name}`)
      const reply = await work()
      await this.#turn(`worker ${worker}: ${name} ${isLost ? 'is not answered' : 'is answered'}`)
      if (isLost) throw new StoreFault('lost', 'the answer is lost')
      return reply
    }
    return {
      ...store,
      claim: (requests) => pass('claim', () => store.claim(requests)),
      settle: (requests) => pass('settle', () => store.settle(requests)),
      renew: (requests) => pass('renew', () => store.renew(requests)),
      read: (refs) => pass('read', () => store.read(refs)),
      resolve: (requests) => pass('resolve', () => store.resolve(requests)),
    }
  }

  /** Time jumps to whichever timer is fired: messages may be slower than any lease. */
  #runtime(): Runtime {
    return {
      wallMs: () => 1_768_478_400_000 + this.#nowMs,
      monotonicMs: () => this.#nowMs,
      setTimer: (delayMs, callback) => {
        const dueMs = this.#nowMs + delayMs
        let isCancelled = false
        const fire = (): void => {
          if (isCancelled) return
          this.#nowMs = Math.max(this.#nowMs, dueMs)
          callback()
        }
        void this.#turn(`a timer of ${Math.round(delayMs)} ms`).then(fire)
        return { cancel: () => void (isCancelled = true) }
      },
      endOfTurn: (callback) => void Promise.resolve().then(callback),
      randomBytes: (length) => Uint8Array.from({ length }, () => this.#draw() * 256),
      random: () => this.#draw(),
    }
  }

  #draw(): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2_147_483_648
    return this.#random / 2_147_483_648
  }
}
