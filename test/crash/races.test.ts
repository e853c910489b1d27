import { describe, expect, it } from 'vitest'
import { isEvent } from '../../src/drills/worker-protocol.ts'
import type { WorkloadId } from '../../src/drills/workloads.ts'
import { violationsAfter } from './violations.ts'
import { isWhole, type StoreName, useStage } from './stages.ts'
import { answersOf, effectCounts, go, readyWorker } from '../../src/drills/workers.ts'

const minute = 60_000
const stores: readonly StoreName[] = ['sqlite', 'postgres']
const safeties: readonly WorkloadId[] = ['transactional', 'keyed', 'verifiable', 'blind']
const raced: readonly WorkloadId[] = isWhole ? safeties : ['keyed', 'blind']

/** Leases that no stall of a busy machine outlives: here nothing is to be taken over. */
describe.each(stores)('several processes at one key on %s', (store) => {
  const stage = useStage(store, { leaseMs: 6_000 })

  it.each(safeties)('let one effect of 50 callers happen: %s', { timeout: minute }, async (workload) => {
    const key = `stampede-${workload}`
    const crowd = [17, 17, 16]
    const workers = await Promise.all(
      crowd.map((callers, index) =>
        readyWorker(stage(), { name: `${key}-${index}`, workload, keys: [key], callers }),
      ),
    )
    for (const worker of workers) go(worker)
    const answers = (
      await Promise.all(workers.map((worker, index) => answersOf(worker, crowd[index] ?? 0)))
    ).flat()
    await Promise.all(workers.map((worker) => worker.kill()))
    expect(answers.map(({ receipt }) => receipt?.state)).toEqual(
      Array.from({ length: 50 }, () => 'succeeded'),
    )
    expect(answers.filter(({ receipt }) => receipt?.replayed === false)).toHaveLength(1)
    expect(new Set(answers.map(({ receipt }) => JSON.stringify(receipt?.value))).size).toBe(1)
    expect((await effectCounts(stage())).get(key)).toBe(1)
    expect(await violationsAfter(stage(), workload, answers)).toEqual([])
  })

  it.each(raced)(
    'let one effect of the same order 40 ms apart happen: %s',
    { timeout: minute },
    async (workload) => {
      const keys = Array.from({ length: 5 }, (_, index) => `apart-${workload}-${index}`)
      const workers = await Promise.all(
        ['first', 'second'].map((name) =>
          readyWorker(stage(), { name: `${name}-${workload}`, workload, keys }),
        ),
      )
      // From effects that are over when the second comes to ones that go on for long behind it.
      const planned = keys.map((key, index) =>
        stage().peer.client.ask<'plan'>({ op: 'plan', key, plan: { delayMs: 30 * index } }),
      )
      await Promise.all(planned)
      for (const worker of workers) {
        go(worker)
        await new Promise((resolve) => void setTimeout(resolve, 40))
      }
      const answers = (await Promise.all(workers.map((worker) => answersOf(worker, keys.length)))).flat()
      await Promise.all(workers.map((worker) => worker.kill()))
      const counts = await effectCounts(stage())
      expect(keys.map((key) => counts.get(key))).toEqual(keys.map(() => 1))
      expect(answers.filter(({ receipt }) => receipt?.replayed === true)).toHaveLength(keys.length)
      expect(await violationsAfter(stage(), workload, answers)).toEqual([])
    },
  )
})

describe.each(stores)('an effect that is longer than its lease on %s', (store) => {
  const stage = useStage(store, { leaseMs: 3_000 })
  // The rows of a transaction are written here, not at the peer, so nothing of it can be kept back.
  const atPeer = raced.filter((workload) => workload !== 'transactional')
  const slow: readonly WorkloadId[] = isWhole ? atPeer : [store === 'sqlite' ? 'keyed' : 'blind']

  it.each(slow)(
    'keeps its lease, and who calls meanwhile waits: %s',
    { timeout: minute },
    async (workload) => {
      const key = `slow-${workload}`
      const { client } = stage().peer
      const [owner, caller] = await Promise.all(
        ['owner', 'caller'].map((name) =>
          readyWorker(stage(), { name: `${name}-${workload}`, workload, keys: [key] }),
        ),
      )
      if (owner === undefined || caller === undefined) throw new Error('two workers were started')
      await client.ask<'plan'>({ op: 'plan', key, plan: { holdAnswer: true } })
      go(owner)
      await client.ask<'arrived'>({ op: 'arrived', key })
      go(caller)
      await caller.take(isEvent('waiting'))
      // Each comes a third of a lease after the one before: the fourth is past the end of the first lease.
      for (let renewals = 0; renewals < 4; renewals += 1) await owner.take(isEvent('renewed'))
      await client.ask<'release'>({ op: 'release', key })
      const answers = [...(await answersOf(owner, 1)), ...(await answersOf(caller, 1))]
      await Promise.all([owner.kill(), caller.kill()])
      expect(answers.map(({ receipt }) => [receipt?.state, receipt?.replayed, receipt?.attempts])).toEqual([
        ['succeeded', false, 1],
        ['succeeded', true, 1],
      ])
      expect((await effectCounts(stage())).get(key)).toBe(1)
      expect(await violationsAfter(stage(), workload, answers)).toEqual([])
    },
  )
})
