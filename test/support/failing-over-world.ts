import { isOncewardError } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { VerifyAnswer, VerifyQuestion } from '../../src/ledger/safety.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { failOver, losableData, writesOf } from '../../src/stores/memory/history.ts'
import type { LedgerMutant } from '../../src/testing/mutants.ts'
import { Lab, type LabWorker } from './lab.ts'
import type { Hook, Hooks } from './tapped-store.ts'

const kinds = ['blind', 'keyed', 'verifiable'] as const
type Kind = (typeof kinds)[number]
const keysPerKind = 4

export interface FailoverReport {
  readonly violations: readonly string[]
  readonly sometimes: Readonly<Record<'failover' | 'lost' | 'recalled' | 'awaited' | 'replay', number>>
}

/**
 * Workers that survive while their store fails over again and again to a standby that lacks its latest writes: calls
 * are lost on the way, workers sleep. Effects are counted at the peer. No worker dies, and none sleeps as long as others
 * wait for it, so nothing may be repeated, and nothing that was acknowledged may be missing.
 */
export async function failOverAgain(seed: number, mutant?: LedgerMutant): Promise<FailoverReport> {
  const world = new FailingOverWorld(seed, mutant)
  try {
    for (let turn = 0; turn < 80; turn += 1) await world.turn()
    await world.heal()
    return world.report()
  } finally {
    world.lab.end()
  }
}

class FailingOverWorld {
  readonly lab: Lab
  readonly #random: () => number
  readonly #workers: LabWorker[]
  /** Effect key, or entry where the peer does not look at keys, by entry. */
  readonly #done = new Map<string, string[]>()
  readonly #acknowledged = new Map<string, string>()
  readonly #violations = new Set<string>()
  readonly #sometimes = { failover: 0, lost: 0, recalled: 0, awaited: 0, replay: 0 }
  #isHealed = false

  constructor(seed: number, mutant?: LedgerMutant) {
    this.lab = new Lab(mutant, losableData())
    const chance = this.lab.time.worker(seed)
    this.#random = () => chance.random()
    this.#workers = Array.from({ length: 3 }, () => this.#newWorker())
  }

  #newWorker(): LabWorker {
    const verify = (question: VerifyQuestion): VerifyAnswer => {
      const entry = `${question.operation} ${String(question.key)}`
      return this.#done.has(entry) ? { happened: true, value: entry } : { happened: false }
    }
    const worker = this.lab.worker({
      operations: { verifiable: { safety: { kind: 'verifiable', verify, settleMs: 5000 } } },
      sweep: { everyMs: 7000 },
      // A standby may lag behind by all that has been written.
      recallMs: 3_600_000,
    })
    for (const method of ['claim', 'settle', 'renew', 'recall', 'read', 'replaceIf'] as const)
      worker.tap.hooks[method] = this.#shaky() as NonNullable<Hooks[typeof method]> & undefined
    worker.once.on('recalled', ({ recalled }) => (this.#sometimes.recalled += recalled))
    worker.once.on('recall_conflict', ({ operation, key }) => {
      // Keyed work does not wait, and a target that is asked may not have heard yet.
      if (operation === 'blind') this.#violations.add(`a conflict about ${key}, though no worker was late`)
    })
    worker.once.on('recall_awaited', () => (this.#sometimes.awaited += 1))
    worker.once.on('replayed', () => (this.#sometimes.replay += 1))
    return worker
  }

  #shaky(): Hook<never, never> {
    return async (request, next) => {
      const fate = this.#isHealed ? 0.5 : this.#random()
      if (fate < 0.05) throw new StoreFault('lost', 'before it was written')
      const answer = await next(request)
      if (fate > 0.95) throw new StoreFault('lost', 'after it was written')
      return answer
    }
  }

  async turn(): Promise<void> {
    const fate = this.#random()
    if (fate < 0.06) this.#failOver()
    else if (fate < 0.1) this.#sleep()
    else this.#call()
    await this.lab.time.advance(this.#random() * 1500)
  }

  #failOver(): void {
    const written = writesOf(this.lab.rows)
    const lost = Math.floor(this.#random() ** 2 * (written - 1))
    this.#sometimes.failover += 1
    this.#sometimes.lost += lost
    failOver(this.lab.rows, { keep: written - lost })
  }

  #sleep(): void {
    const { runtime } = this.#pick(this.#workers)
    runtime.isFrozen = true
    this.#workers[0]?.runtime.setTimer(0, () => undefined)
    const awake = this.lab.time.worker(1)
    awake.setTimer(this.#random() * 20_000, () => {
      runtime.isFrozen = false
    })
  }

  #call(): void {
    const kind = this.#pick(kinds)
    const key = `${Math.floor(this.#random() * keysPerKind)}`
    const entry = `${kind} ${key}`
    const slow = this.#random() < 0.3 ? this.#random() * 20_000 : 0
    const worker = this.#pick(this.#workers)
    const safety: Pick<Intent, 'safety'> = kind === 'verifiable' ? {} : { safety: kind }
    worker.once
      .run({ operation: kind, key, waitMs: 5000, ...safety }, async ({ effectKey }) => {
        if (slow > 0) await new Promise<void>((resolve) => void worker.runtime.setTimer(slow, resolve))
        return this.#send(entry, kind, effectKey)
      })
      .then(
        () => this.#acknowledged.set(entry, entry),
        (error: unknown) => {
          if (!isOncewardError(error)) this.#violations.add(`an error without a code: ${String(error)}`)
        },
      )
  }

  #send(entry: string, kind: Kind, effectKey: string): string {
    const done = this.#done.get(entry) ?? []
    this.#done.set(entry, done)
    if (kind !== 'keyed' || !done.includes(effectKey)) done.push(kind === 'keyed' ? effectKey : entry)
    return entry
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T
  }

  async heal(): Promise<void> {
    this.#isHealed = true
    await this.lab.time.advance(5 * 60_000)
  }

  report(): FailoverReport {
    for (const [entry, effects] of this.#done)
      if (effects.length > 1) this.#violations.add(`${effects.length} effects for ${entry}`)
    const rows = new Map(
      [...this.lab.rows.rows.values()].map((row) => [`${row.operation} ${row.key.split(':').at(-1)}`, row]),
    )
    for (const entry of this.#acknowledged.keys()) {
      if (!this.#done.has(entry)) this.#violations.add(`acknowledged without effect: ${entry}`)
      const state = rows.get(entry)?.state
      if (rows.size > 0 && state !== undefined && state !== 'succeeded')
        this.#violations.add(`acknowledged, and ${state}: ${entry}`)
    }
    return { violations: [...this.#violations], sometimes: this.#sometimes }
  }
}
