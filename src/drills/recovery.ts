import { join } from 'node:path'
import { isOncewardError } from '../kernel/errors.ts'
import { refOf } from '../kernel/ids.ts'
import { encodeKey } from '../ledger/key.ts'
import { callOnce } from './call.ts'
import type { Look, Moment } from './history.ts'
import { inParallel } from './in-parallel.ts'
import { type Instance, openInstance } from './instance.ts'
import { type Journal, openJournal } from '../testing/journal.ts'
import type { Stage } from './stage.ts'
import type { Answer } from './worker-protocol.ts'
import { effectName, type WorkloadId, workloadOf } from './workloads.ts'

/** What came of one key from the restart on. */
export interface Recovered {
  readonly rows: ReadonlyMap<Moment, Look>
  readonly answers: readonly Answer[]
  readonly otherInputs?: readonly Answer[]
}

interface KeyRecord {
  readonly rows: Map<Moment, Look>
  readonly answers: Answer[]
  readonly otherInputs: Answer[]
}

const sweepEveryMs = 100
/** Nobody waits longer for a lease of a dead worker than this. */
const waitMs = 20_000
const callsAtOnce = 64
/** No fault falls into a recovery, so that none of its own leases has to end: a busy machine must not cost one. */
const leaseMs = 30_000

/** An instance that comes after a fault, with clients that call again and a person who decides what is in doubt. */
export class Recovery {
  readonly #stage: Stage
  readonly #instance: Instance
  readonly #workload: WorkloadId
  readonly #journal: Journal
  readonly #keys: ReadonlyMap<string, KeyRecord>

  private constructor(
    stage: Stage,
    about: { instance: Instance; workload: WorkloadId; journal: Journal; keys: readonly string[] },
  ) {
    this.#stage = stage
    this.#instance = about.instance
    this.#workload = about.workload
    this.#journal = about.journal
    this.#keys = new Map(
      about.keys.map((key) => [key, { rows: new Map<Moment, Look>(), answers: [], otherInputs: [] }]),
    )
  }

  static async open(stage: Stage, workload: WorkloadId, keys: readonly string[]): Promise<Recovery> {
    const { storeUrl, settings, peer, folder } = stage
    const journal = openJournal(join(folder, `events-recovery-${workload}.jsonl`))
    const instance = await openInstance({
      storeUrl,
      settings: { ...settings, leaseMs: Math.max(leaseMs, settings.leaseMs) },
      peer: peer.client,
      onEvent: (event) => journal.append(event),
    })
    return new Recovery(stage, { instance, workload, journal, keys })
  }

  /** All that follows, from the first call to the last decision, and a look at the rows after each part. */
  async live(): Promise<void> {
    await this.look('after-fault')
    await this.callAndSweep()
    await this.look('after-recovery')
    await this.call()
    await this.look('after-replay')
    await this.callWithOtherInput()
    await this.decideDoubts()
    await this.look('after-decision')
  }

  /** Reads every row, for the record. */
  async look(moment: Moment): Promise<void> {
    const { store } = this.#instance
    const keys = [...this.#keys.entries()]
    const at = new Date().toISOString()
    for (let from = 0; from < keys.length; from += store.maxBatch) {
      const page = keys.slice(from, from + store.maxBatch)
      const { results } = await store.read(
        page.map(([key]) => refOf(this.#stage.settings.scope, this.#workload, encodeKey(key))),
      )
      for (const [index, [, record]] of page.entries()) record.rows.set(moment, { at, entry: results[index] })
    }
  }

  /** The clients call again, many at once, and wait for their answers. */
  async call(keys: Iterable<string> = this.#keys.keys()): Promise<void> {
    await inParallel([...keys], callsAtOnce, async (key) => {
      this.#keys.get(key)?.answers.push(await this.#callOnce(key))
    })
  }

  /** The same beside sweeps, until all have an answer: the two must not disturb each other. */
  async callAndSweep(): Promise<void> {
    const called = this.call().then(() => 'answered' as const)
    for (let answered: 'answered' | undefined; answered === undefined; ) {
      await this.#sweep()
      answered = await Promise.race([called, pause(sweepEveryMs)])
    }
    await this.#sweep()
  }

  /** A store that is out of reach, or has just begun another lineage, is swept the next time. */
  async #sweep(): Promise<void> {
    await this.#instance.once.sweep().catch((error: unknown) => {
      if (!isOncewardError(error) || error.code !== 'STORE_UNAVAILABLE') throw error
    })
  }

  /** The clients call with another input under the same key. */
  async callWithOtherInput(): Promise<void> {
    const calls = [...this.#keys].map(async ([key, record]) => {
      record.otherInputs.push(await this.#callOnce(key, { another: key }))
    })
    await Promise.all(calls)
  }

  #callOnce(key: string, input: unknown = { key }): Promise<Answer> {
    return callOnce(this.#instance, { workload: this.#workload, key }, { input, waitMs })
  }

  /**
   * A person looks at the target's journal. What is not there did not happen, and is done now; what is there happened,
   * and the entry gets its value. A stepped entry is decided as a whole: if any of its open steps happened, it did.
   */
  async decideDoubts(): Promise<void> {
    const { doubts } = this.#instance.once
    await this.look('before-decision')
    const effects = this.#stage.peer.effects()
    const idsOf = (name: string): string[] =>
      effects.filter((effect) => effect.key === name).map(({ effectId }) => effectId)
    const doubtful = [...this.#keys].filter(
      ([, { rows }]) => rows.get('before-decision')?.entry?.state === 'in_doubt',
    )
    for (const [key, { rows }] of doubtful) {
      const steps = rows
        .get('before-decision')
        ?.entry?.steps?.steps.filter((step) => step.state === 'started')
      const open = steps?.map((step) => ({ step: step.name })) ?? [{ step: '' }]
      const happened = open.some((part) => idsOf(effectName(key, part)).length > 0)
      const effectIds = workloadOf(this.#workload).parts.flatMap((part) => idsOf(effectName(key, part)))
      const by = { by: 'operator', because: 'the journal of the target was read' }
      await doubts.resolve(
        { operation: this.#workload, key },
        happened ? { happened, value: { effectIds }, ...by } : { happened, ...by },
      )
    }
    await this.call(doubtful.map(([key]) => key))
  }

  /** In the order of the keys. */
  results(): readonly Recovered[] {
    return [...this.#keys.values()]
  }

  async close(): Promise<void> {
    await this.#instance.once.close({ graceMs: 1_000 })
    this.#journal.close()
  }
}

/** What follows crashes, from the restart to the last decision. In the order of `keys`. */
export async function recover(
  stage: Stage,
  workload: WorkloadId,
  keys: readonly string[],
): Promise<readonly Recovered[]> {
  const recovery = await Recovery.open(stage, workload, keys)
  try {
    await recovery.live()
    return recovery.results()
  } finally {
    await recovery.close()
  }
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => void setTimeout(() => resolve(undefined), ms))
}
