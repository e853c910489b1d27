import { join } from 'node:path'
import { refOf } from '../kernel/ids.ts'
import type { Entry } from '../ledger/entry.ts'
import { encodeKey } from '../ledger/key.ts'
import { callOnce } from './call.ts'
import type { Moment } from './history.ts'
import { drillScope, type Instance, openInstance } from './instance.ts'
import { openJournal } from './journal.ts'
import type { Stage } from './stage.ts'
import type { Answer } from './worker-protocol.ts'
import { effectName, type WorkloadId, workloadOf } from './workloads.ts'

/** What came of one key from the restart on. */
export interface Recovered {
  readonly rows: ReadonlyMap<Moment, Entry | undefined>
  readonly answers: readonly Answer[]
  readonly otherInput: Answer
}

interface Recovering {
  readonly stage: Stage
  readonly instance: Instance
  readonly workload: WorkloadId
  readonly keys: readonly string[]
  readonly rows: Map<string, Map<Moment, Entry | undefined>>
  readonly answers: Map<string, Answer[]>
}

const sweepEveryMs = 100
/** Nobody waits longer for a lease of a dead worker than this. */
const waitMs = 20_000

/**
 * What follows a fault: a new instance, the same clients calling again, sweeps, once more the same calls, a call with
 * another input, and a person deciding what is in doubt by what the target's journal says. In the order of `keys`.
 */
export async function recover(
  stage: Stage,
  workload: WorkloadId,
  keys: readonly string[],
): Promise<readonly Recovered[]> {
  const journal = openJournal(join(stage.folder, `events-recovery-${workload}.jsonl`))
  const { storeUrl, leaseMs, settleMs, mutation, peer } = stage
  const instance = await openInstance({
    storeUrl,
    leaseMs,
    settleMs,
    peer: peer.client,
    onEvent: (event) => journal.append(event),
    ...(mutation === undefined ? {} : { mutation }),
  })
  const rows = new Map(keys.map((key) => [key, new Map<Moment, Entry | undefined>()]))
  const answers = new Map(keys.map((key) => [key, [] as Answer[]]))
  const work: Recovering = { stage, instance, workload, keys, rows, answers }
  try {
    await look(work, 'after-fault')
    await Promise.all([callAll(work, keys), sweepUntil(work)])
    await instance.once.sweep()
    await look(work, 'after-recovery')
    await callAll(work, keys)
    await look(work, 'after-replay')
    const others = await Promise.all(
      keys.map((key) => callOnce(instance, { workload, key }, { input: { another: key }, waitMs })),
    )
    await decideDoubts(work)
    await look(work, 'after-decision')
    return keys.map((key, index) => ({
      rows: rows.get(key) ?? new Map(),
      answers: answers.get(key) ?? [],
      otherInput: others[index] as Answer,
    }))
  } finally {
    await instance.once.close({ graceMs: 1_000 })
    journal.close()
  }
}

async function look(work: Recovering, moment: Moment): Promise<void> {
  const refs = work.keys.map((key) => refOf(drillScope, work.workload, encodeKey(key)))
  for (let from = 0; from < refs.length; from += work.instance.store.maxBatch) {
    const { results } = await work.instance.store.read(refs.slice(from, from + work.instance.store.maxBatch))
    for (const [index, entry] of results.entries())
      work.rows.get(work.keys[from + index] as string)?.set(moment, entry)
  }
}

async function callAll(work: Recovering, keys: readonly string[]): Promise<void> {
  const { instance, workload, answers } = work
  await Promise.all(
    keys.map(
      async (key) => void answers.get(key)?.push(await callOnce(instance, { workload, key }, { waitMs })),
    ),
  )
}

/** Sweeps beside the calls, until each key has an answer: the two must not disturb each other. */
async function sweepUntil(work: Recovering): Promise<void> {
  const { instance, answers } = work
  while ([...answers.values()].some((given) => given.length === 0)) {
    await instance.once.sweep()
    await new Promise((resolve) => void setTimeout(resolve, sweepEveryMs))
  }
}

/**
 * A person looks at the target's journal. What is not there did not happen, and is done now; what is there happened,
 * and the entry gets its value. A stepped entry is decided as a whole: if any of its open steps happened, it did.
 */
async function decideDoubts(work: Recovering): Promise<void> {
  const { stage, instance, workload, keys, rows } = work
  const doubtful = keys.filter((key) => rows.get(key)?.get('after-replay')?.state === 'in_doubt')
  if (doubtful.length === 0) return
  const effects = stage.peer.effects()
  for (const key of doubtful) {
    const entry = rows.get(key)?.get('after-replay') as Entry
    const open = entry.steps?.steps
      .filter((step) => step.state === 'started')
      .map((step) => ({ step: step.name })) ?? [{ step: '' }]
    const happened = open.some((part) => effects.some((effect) => effect.key === effectName(key, part)))
    const effectIds = workloadOf(workload).parts.flatMap((part) =>
      effects.filter((effect) => effect.key === effectName(key, part)).map(({ effectId }) => effectId),
    )
    const by = { by: 'operator', because: 'the journal of the target was read' }
    await instance.once.doubts.resolve(
      { operation: workload, key },
      happened ? { happened, value: { effectIds }, ...by } : { happened, ...by },
    )
  }
  await callAll(work, doubtful)
}
