import { aftermath } from '../aftermath.ts'
import type { CheckId } from '../checks.ts'
import type { Drill, DrillContext, Findings } from '../drill.ts'
import type { KeyHistory } from '../history.ts'
import { faultProxy } from '../proxy/index.ts'
import { lockSqlite } from '../sqlite-lock.ts'
import type { Stage } from '../stage.ts'
import type { Answer } from '../worker-protocol.ts'
import { answersOf, go, readyWorker } from '../workers.ts'
import type { WorkloadId, WorkValue } from '../workloads.ts'

const workloads: readonly WorkloadId[] = ['keyed', 'verifiable', 'blind']
const keysBySize = { small: 2, whole: 5, full: 20 } as const
const storeTimeoutBySizeMs = { small: 200, whole: 400, full: 400 } as const
/** More than the 256 KiB that an entry keeps. */
const tooLargeBytes = 300_000

export const poisonResult: Drill = {
  id: 'poison-result',
  fault: 'the effect has happened, and its outcome cannot be written; or is too large to be kept',
  stores: ['sqlite', 'postgres'],
  mustReach: ['I1', 'I2', 'I8', 'L1', 'S1', 'S3'],
  run: async (context) => {
    const keys = Array.from({ length: keysBySize[context.size] }, (_, index) => index)
    const storeTimeoutMs = storeTimeoutBySizeMs[context.size]
    context.plan({ workloads, keys: keys.length, storeTimeoutMs, tooLargeBytes })
    const stage = await context.stage({ leaseMs: 1_000, settleMs: 800, storeTimeoutMs })
    const unwritten = await outcomeUnwritten(context, stage, keys)
    context.say(`results of ${tooLargeBytes} bytes`)
    const large = await resultTooLarge(stage, keys)
    return {
      stage,
      histories: [...unwritten.histories, ...large.histories],
      faults: unwritten.faults + large.faults,
      broken: [...unwritten.broken, ...large.broken],
    }
  },
}

type Part = Required<Pick<Findings, 'histories' | 'faults' | 'broken'>>

/** The store cannot be written from before the target answers until the owners have given up. */
async function outcomeUnwritten(
  context: DrillContext,
  stage: Stage,
  numbers: readonly number[],
): Promise<Part> {
  const { client } = stage.peer
  const outage = await outageOf(context, stage)
  const works = await Promise.all(
    workloads.map(async (workload) => {
      const keys = numbers.map((number) => `unwritten-${workload}-${number}`)
      const { storeUrl } = outage
      const worker = await readyWorker(stage, { name: `unwritten-${workload}`, workload, keys, storeUrl })
      return { workload, keys, worker }
    }),
  )
  const keys = works.flatMap((work) => work.keys)
  context.say(`${keys.length} outcomes that cannot be written`)
  for (const key of keys) await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
  for (const { worker } of works) go(worker)
  for (const key of keys) await client.ask<'arrived'>({ op: 'arrived', key })
  const end = outage.begin()
  context.onEnd(end)
  for (const key of keys) await client.ask<'release'>({ op: 'release', key })
  const told = await Promise.all(works.map((work) => answersOf(work.worker, work.keys.length)))
  await Promise.all(works.map(({ worker }) => worker.kill()))
  end()
  const histories: KeyHistory[] = []
  for (const [index, { workload, ...work }] of works.entries()) {
    const affair = { workload, keys: work.keys, fault: 'outcome unwritten', answers: told[index] ?? [] }
    histories.push(...(await aftermath(stage, { ...affair, mayDoubt: 'anywhere' })))
  }
  const answers = told.flat()
  return {
    histories,
    faults: answers.filter(({ receipt }) => receipt?.error?.code === 'IN_DOUBT').length,
    // The caller, who cannot be told that it is on record, still has what the effect came to.
    broken: answers
      .filter(({ receipt }) => !hasValue(receipt?.value))
      .map(({ key, receipt }) => ({
        check: 'I2',
        key,
        what: `the result was lost: ${receipt?.error?.code}, no value`,
      })),
  }
}

function hasValue(value: unknown): value is WorkValue {
  return typeof value === 'object' && value !== null && 'effectIds' in value
}

/** How the way to the store breaks, and the URL that workers reach it by. */
async function outageOf(
  context: DrillContext,
  stage: Stage,
): Promise<{ readonly storeUrl: string; begin(this: void): () => void }> {
  if (context.place.kind === 'sqlite')
    return { storeUrl: stage.workerUrl, begin: () => lockSqlite(stage.storeUrl).release }
  const proxy = await faultProxy({ target: stage.workerUrl })
  context.onEnd(() => proxy.close())
  return {
    storeUrl: proxy.through(stage.workerUrl),
    begin: () => {
      proxy.impair({ stalled: 'requests' })
      return () => {
        proxy.reset()
        proxy.heal()
      }
    },
  }
}

/** Rule 11: the first caller gets it, nobody else does, and nothing runs again. */
async function resultTooLarge(stage: Stage, numbers: readonly number[]): Promise<Part> {
  const histories: KeyHistory[] = []
  const broken: { check: CheckId; key: string; what: string }[] = []
  for (const workload of workloads) {
    const keys = numbers.map((number) => `large-${workload}-${number}`)
    const worker = await readyWorker(stage, {
      name: `large-${workload}`,
      workload,
      keys,
      padBytes: tooLargeBytes,
    })
    go(worker)
    const answers = (await answersOf(worker, keys.length)).map(withoutPadding)
    await worker.kill()
    const found = await aftermath(stage, {
      workload,
      keys,
      fault: 'result too large',
      mayDoubt: 'never',
      answers,
    })
    for (const { key, answers: later } of found) {
      const [first] = later
      if (first?.receipt?.error?.code !== 'RESULT_TOO_LARGE')
        broken.push({
          check: 'I3',
          key,
          what: `a replay was answered with ${JSON.stringify(first?.receipt?.value)}`,
        })
    }
    histories.push(...found)
  }
  return { histories, faults: histories.length, broken }
}

/** The evidence need not hold it. */
function withoutPadding(answer: Answer): Answer {
  const { receipt } = answer
  if (receipt === undefined || !hasValue(receipt.value)) return answer
  const { effectIds } = receipt.value
  return { ...answer, receipt: { ...receipt, value: { effectIds } } }
}
