import { createLedger } from '../../src/ledger/create.ts'
import { isOncewardError, type OncewardError } from '../../src/kernel/errors.ts'
import { refOf } from '../../src/kernel/ids.ts'
import type { Entry } from '../../src/ledger/entry.ts'
import type { IntentIdentity } from '../../src/ledger/intent.ts'
import { encodeKey } from '../../src/ledger/key.ts'
import type { EventType, OncewardEvent } from '../../src/ledger/events.ts'
import type { Onceward } from '../../src/ledger/onceward.ts'
import type { OncewardOptions } from '../../src/ledger/options.ts'
import { rules as standardRules, type Rules } from '../../src/ledger/rules.ts'
import type { Store } from '../../src/ledger/store.ts'
import { type MemoryData, memoryData, memoryStore } from '../../src/stores/memory/index.ts'
import { atOnce } from '../../src/testing/at-once.ts'
import type { LedgerMutant } from '../../src/testing/mutants.ts'
import { TappedStore } from './tapped-store.ts'
import { VirtualTime, type VirtualWorker } from './virtual-runtime.ts'

export interface WorkerOptions extends Partial<Omit<OncewardOptions, 'store'>> {
  /** Its own store instead of the lab's shared rows. */
  readonly store?: Store
}

/** Workers on one store in virtual time, all of them with the same decision broken where a mutant is given. */
export class Lab {
  readonly time: VirtualTime = new VirtualTime()
  readonly rows: MemoryData
  readonly #storeClock: VirtualWorker = this.time.worker(7)
  readonly #mutant: LedgerMutant | undefined
  readonly workers: LabWorker[] = []

  constructor(mutant?: LedgerMutant, rows: MemoryData = memoryData()) {
    this.#mutant = mutant
    this.rows = rows
  }

  /** A process with an instance of its own on the lab's store. Does not sweep by itself unless told to. */
  worker(options: WorkerOptions = {}): LabWorker {
    const runtime = this.time.worker(this.workers.length + 100)
    const base = options.store ?? memoryStore({ share: this.rows, runtime: this.#storeClock })
    const worker = new LabWorker({ base, runtime, options, mutant: this.#mutant })
    this.workers.push(worker)
    return worker
  }

  /** The row of an intent, as it lies in the store; fails where there is none. */
  row(intent: IntentIdentity): Entry {
    const row = this.rows.rows.get(refOf('default', intent.operation, encodeKey(intent.key)))
    if (row === undefined) throw new Error(`There is no row for ${intent.operation} ${String(intent.key)}.`)
    return row
  }

  /** Gives the value, letting time pass. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.time.until(promise)
  }

  /** How a call ends, letting time pass: the code of its error, or `ok`. Any other error is thrown. */
  async code(promise: Promise<unknown>): Promise<string> {
    const error = await this.error(promise)
    return error === undefined ? 'ok' : error.code
  }

  /** The coded error of a call, or `undefined` when it succeeds. */
  async error(promise: Promise<unknown>): Promise<OncewardError | undefined> {
    try {
      await this.until(promise)
      return undefined
    } catch (error) {
      if (isOncewardError(error)) return error
      throw error
    }
  }

  end(): void {
    for (const worker of this.workers) worker.kill()
  }
}

interface Parts {
  readonly base: Store
  readonly runtime: VirtualWorker
  readonly options: WorkerOptions
  readonly mutant: LedgerMutant | undefined
}

export class LabWorker {
  readonly once: Onceward
  readonly runtime: VirtualWorker
  readonly tap: TappedStore
  readonly events: OncewardEvent[] = []

  constructor({ base, runtime, options, mutant }: Parts) {
    this.runtime = runtime
    this.tap = new TappedStore(mutant?.store?.(base, runtime) ?? base)
    const rules: Rules = { ...standardRules, ...mutant?.rules?.(standardRules) }
    const given = { sweep: false, ...options, store: this.tap.store } as const
    this.once = heardOut(
      createLedger(given, mutant?.runtime?.(runtime) ?? runtime, {
        rules,
        seldom: atOnce,
      }),
    )
    this.once.on('*', (event) => this.events.push(event))
  }

  /** SIGKILL: nothing it does is heard of again. Its effects must not settle by themselves. */
  kill(): void {
    this.runtime.isAlive = false
    this.tap.isAlive = false
  }

  /** The events of one type, in order. */
  heard<T extends EventType>(type: T): readonly OncewardEvent<T>[] {
    return this.events.filter((event) => event.type === type) as unknown as readonly OncewardEvent<T>[]
  }
}

/** A test that has failed, or has killed a worker, waits for no answer: that is no unhandled rejection. */
function heardOut(once: Onceward): Onceward {
  const heard = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => undefined)
    return promise
  }
  return {
    ...once,
    run: (intent, effect) => heard(once.run(intent, effect)),
    execute: (intent, effect) => heard(once.execute(intent, effect)),
    close: (options) => heard(once.close(options)),
  }
}
