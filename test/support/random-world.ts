import { DefiniteFailure, isOncewardError } from '../../src/kernel/errors.ts'
import type { Entry } from '../../src/ledger/entry.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import type { SafetyKind, VerifiableSafety, VerifyAnswer, VerifyQuestion } from '../../src/ledger/safety.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import type { LedgerMutant } from '../../src/testing/mutants.ts'
import { Lab, type LabWorker } from './lab.ts'
import type { Hook, Hooks } from './tapped-store.ts'

const leaseMs = 1000
const settleMs = 3000
const kinds = ['blind', 'keyed', 'verifiable', 'steps', 'flow'] as const
type Kind = (typeof kinds)[number]

/** Where an effect is counted: an entry, or a step of one. */
interface Place {
  readonly entry: string
  readonly safety: SafetyKind
}

/** What a world found wrong, and how often things came about that make it worth looking at. */
export interface Report {
  readonly violations: readonly string[]
  readonly sometimes: Readonly<Record<'takeover' | 'replay' | 'doubt' | 'late' | 'failure' | 'asked', number>>
}

/**
 * A few workers, a few keys of each safety, and faults drawn from a seed: workers die, sleep and are closed; clocks
 * jump; the store loses calls before and after it has written them. Effects are counted at the peer.
 */
export async function liveThrough(seed: number, mutant?: LedgerMutant): Promise<Report> {
  const world = new World(seed, mutant)
  try {
    await world.suffer(60)
    await world.heal()
    return world.report()
  } finally {
    world.lab.end()
  }
}

class World {
  readonly lab: Lab
  readonly #random: () => number
  readonly #workers: LabWorker[] = []
  /** Entry → what the peer did for it. */
  readonly #done = new Map<string, string[]>()
  /** What callers were given, by entry. */
  readonly #given = new Map<string, Set<string>>()
  readonly #violations = new Set<string>()
  #seen = new Map<string, Entry>()
  readonly #verifiable: VerifiableSafety = {
    kind: 'verifiable',
    verify: (question) => this.#verify(question),
    settleMs,
  }
  #isHealed = false

  constructor(seed: number, mutant?: LedgerMutant) {
    this.lab = new Lab(mutant)
    const chance = this.lab.time.worker(seed)
    this.#random = () => chance.random()
    for (let index = 0; index < 3; index += 1) this.#workers.push(this.#newWorker())
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T
  }

  #newWorker(): LabWorker {
    const worker = this.lab.worker({
      storeTimeoutMs: 2000,
      operations: { verifiable: { safety: this.#verifiable, retry: 'on-failure' } },
      sweep: { everyMs: 5000 },
    })
    const { hooks } = worker.tap
    for (const method of ['claim', 'settle', 'renew', 'resolve'] as const) {
      hooks[method] = this.#shaky(worker) as NonNullable<Hooks[typeof method]> & undefined
    }
    return worker
  }

  /** Loses some calls before they are written, and some answers afterwards; others are slow. */
  #shaky(worker: LabWorker): Hook<never, never> {
    return async (request, next) => {
      if (this.#isHealed) return next(request)
      const fate = this.#random()
      if (fate < 0.04) throw new StoreFault('lost', 'before it was written')
      if (fate < 0.08) await this.#sleep(worker, this.#random() * 1500)
      const answer = await next(request)
      if (fate > 0.96) throw new StoreFault('lost', 'after it was written')
      if (fate > 0.92) await this.#sleep(worker, this.#random() * 1500)
      return answer
    }
  }

  #sleep(worker: LabWorker, ms: number): Promise<void> {
    return new Promise((resolve) => void worker.runtime.setTimer(ms, resolve))
  }

  #record(entry: string, effect: string): void {
    const done = this.#done.get(entry) ?? []
    this.#done.set(entry, done)
    done.push(effect)
  }

  /** A keyed peer does nothing again for a key that it knows; the others do. */
  #send(place: Place, key: string): string {
    const { entry, safety } = place
    if (safety !== 'keyed') {
      this.#record(entry, entry)
      return entry
    }
    if (this.#done.get(entry)?.includes(key) !== true) this.#record(entry, key)
    return key
  }

  #verify({ operation, key, step }: VerifyQuestion): VerifyAnswer {
    const entry = [operation, String(key), ...(step === undefined ? [] : [step])].join(' ')
    const fate = this.#isHealed ? 1 : this.#random()
    if (fate < 0.1) throw new Error('503')
    if (fate < 0.15) return { happened: 'unknown' }
    return (this.#done.get(entry)?.length ?? 0) > 0 ? { happened: true, value: entry } : { happened: false }
  }

  /** One request to the peer, with all that may go wrong on its way. */
  #request(worker: LabWorker, place: Place): (attempt: { effectKey: string }) => Promise<string> {
    return async ({ effectKey }) => {
      const fate = this.#isHealed ? 1 : this.#random()
      if (fate < 0.1) throw new DefiniteFailure('refused before anything was sent')
      // Only a verifiable request has to be on its way within settleMs of the lease.
      if (place.safety !== 'verifiable') await this.#sleep(worker, this.#random() * 1500)
      const value = this.#send(place, effectKey)
      if (fate < 0.25) throw new Error('the connection broke')
      await this.#sleep(worker, this.#random() * 1500)
      return value
    }
  }

  #effect(worker: LabWorker, kind: Kind, entry: string): (attempt: Attempt) => Promise<unknown> {
    if (kind !== 'steps' && kind !== 'flow') return this.#request(worker, { entry, safety: kind })
    const step = (attempt: Attempt, name: string, safety: Place['safety']): Promise<string> => {
      const parsed = safety === 'verifiable' ? this.#verifiable : safety
      return attempt.step(
        name,
        { safety: parsed },
        this.#request(worker, { entry: `${entry} ${name}`, safety }),
      )
    }
    return async (attempt) => {
      if (!this.#isHealed && this.#random() < 0.1) throw new DefiniteFailure('not today')
      const paid = await step(attempt, 'pay', 'keyed')
      if (kind === 'steps') return [paid, await step(attempt, 'log', 'keyed')]
      return [
        paid,
        ...(await Promise.all([step(attempt, 'ship', 'verifiable'), step(attempt, 'mail', 'blind')])),
      ]
    }
  }

  #call(worker: LabWorker, given?: { kind: Kind; index: number }): Promise<string> {
    const { kind, index } = given ?? { kind: this.#pick(kinds), index: this.#pick([0, 1]) }
    const entry = `${kind} ${index}`
    const intent: Intent = {
      operation: kind,
      key: `${index}`,
      leaseMs,
      waitMs: 4000,
      input: index,
      ...intentOf(kind),
    }
    return worker.once.run(intent, this.#effect(worker, kind, entry)).then(
      (value) => {
        const values = this.#given.get(entry) ?? new Set()
        this.#given.set(entry, values.add(JSON.stringify(value)))
        return 'ok'
      },
      (error: unknown) => {
        if (isOncewardError(error)) return error.code
        this.#violations.add(`an error without a code: ${String(error)}`)
        return 'uncoded'
      },
    )
  }

  async suffer(events: number): Promise<void> {
    for (let event = 0; event < events; event += 1) {
      const at = Math.floor(this.#random() * this.#workers.length)
      const worker = this.#workers[at] as LabWorker
      const fate = this.#random()
      if (fate < 0.05) {
        worker.kill()
        this.#workers[at] = this.#newWorker()
      } else if (fate < 0.1) worker.runtime.isFrozen = !worker.runtime.isFrozen
      else if (fate < 0.13) worker.runtime.wallOffsetMs += (this.#random() - 0.5) * 7_200_000
      else if (fate < 0.15) {
        void worker.once.close({ graceMs: 500 })
        this.#workers[at] = this.#newWorker()
      } else void this.#call(worker)
      await this.lab.time.advance(this.#random() * 800)
      this.#look()
    }
  }

  /** No more faults. Within minutes every entry has ended, or a person has to decide. */
  async heal(): Promise<void> {
    this.#isHealed = true
    for (const worker of this.#workers) worker.runtime.isFrozen = false
    await this.lab.time.advance(60_000)
    const medic = this.#newWorker()
    for (const kind of kinds) {
      for (const index of [0, 1]) {
        const code = await this.lab.until(this.#call(medic, { kind, index }))
        const expected = kind === 'blind' || kind === 'flow' ? ['ok', 'IN_DOUBT'] : ['ok']
        // Who is refused while a target does not know may still be right: then a person decides.
        if (kind === 'verifiable') expected.push('IN_DOUBT')
        if (!expected.includes(code))
          this.#violations.add(`L1: ${kind} ${index} ends with ${code} after all faults have healed`)
      }
    }
    await this.lab.time.advance(60_000)
    this.#look()
  }

  /** What must hold at any moment. */
  #look(): void {
    for (const [ref, row] of this.lab.rows.rows) {
      const before = this.#seen.get(ref)
      if (before === undefined || before.rev === row.rev) continue
      if (row.rev < before.rev || row.attempt < before.attempt)
        this.#violations.add(`I4: ${row.operation} went back`)
      const hasEnded = before.state === 'succeeded' || before.state === 'failed'
      if (hasEnded && row.state !== before.state)
        this.#violations.add(`I7: ${row.operation} was ${before.state}, is ${row.state}`)
    }
    this.#seen = new Map(this.lab.rows.rows)
  }

  report(): Report {
    for (const [entry, effects] of this.#done) {
      if (effects.length > 1) this.#violations.add(`I1: ${entry} was done ${effects.length} times`)
    }
    for (const [entry, values] of this.#given) {
      if (values.size > 1)
        this.#violations.add(`I3: callers of ${entry} were given ${[...values].join(' and ')}`)
      const isDone = [...this.#done.keys()].some((done) => done === entry || done.startsWith(`${entry} `))
      if (!isDone) this.#violations.add(`I2: ${entry} was acknowledged and not done`)
    }
    const heard = this.lab.workers.flatMap((worker) => worker.events)
    const count = (type: string): number => heard.filter((event) => event.type === type).length
    const takeover = heard.filter((event) => event.type === 'claimed' && event.takeover).length
    return {
      violations: [...this.#violations],
      sometimes: {
        takeover,
        replay: count('replayed'),
        doubt: count('in_doubt'),
        late: count('late_outcome'),
        failure: count('released'),
        asked: count('asked'),
      },
    }
  }
}

function intentOf(kind: Kind): Partial<Intent> {
  switch (kind) {
    case 'verifiable':
      return {}
    case 'blind':
    case 'keyed':
      return { safety: kind, retry: 'on-failure' }
    default:
      return { steps: true, retry: 'on-failure' }
  }
}
