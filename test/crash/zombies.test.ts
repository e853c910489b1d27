import { describe, expect, it } from 'vitest'
import { startWorker } from '../../src/drills/stage.ts'
import { isAnswer, isEvent } from '../../src/drills/worker-protocol.ts'
import type { StoreName } from './stages.ts'
import { needsStops, useStage } from './stages.ts'
import { answersOf, effectCounts, go, readyWorker } from '../../src/drills/workers.ts'
import { comeBackWhileOvertaken, lateOutcomes, rowOf, stopInEffect } from '../../src/drills/zombies.ts'

const minute = 60_000
const stores: readonly StoreName[] = ['sqlite', 'postgres']

/** Rules 3 and 4: a worker that stood still past its lease, with its effect done. */
describe.each(stores)('a worker that comes back from a stop on %s', (store) => {
  const stage = useStage(store)

  it('changes nothing of what its successor has done, and is heard all the same', {
    timeout: minute,
  }, async () => {
    const { key, worker } = await stopInEffect(stage(), 'keyed', 'done')
    const successor = await readyWorker(stage(), { name: 'successor-done', workload: 'keyed', keys: [key] })
    go(successor)
    const [answer] = await answersOf(successor, 1)
    expect(answer?.receipt).toMatchObject({ state: 'succeeded', attempts: 2 })
    const before = await rowOf(stage(), 'keyed', key)
    await stage().peer.client.ask<'release'>({ op: 'release', key })
    worker.goOn()
    const { event } = await worker.take(isEvent('late_outcome'))
    const [own] = await answersOf(worker, 1)
    expect(event).toMatchObject({ fence: { attempt: 1 }, outcome: 'succeeded', state: 'succeeded' })
    expect(own?.receipt?.error?.code).toBe('LEASE_LOST')
    expect(await rowOf(stage(), 'keyed', key)).toEqual(before)
    await expect.poll(() => lateOutcomes(stage())).toContain(`${before?.ref}.${before?.epoch}.1`)
    expect((await effectCounts(stage())).get(key)).toBe(1)
    await Promise.all([worker.kill(), successor.kill()])
  })

  it('goes on where it was told to before it stood still', { timeout: minute }, async (context) => {
    needsStops(context)
    const key = 'told-early'
    const fault = { k: 10, signal: 'SIGSTOP' } as const
    const worker = startWorker(stage(), { name: key, workload: 'keyed', keys: [key], fault })
    worker.goOn()
    const { answer } = await worker.take(isAnswer)
    expect(answer.receipt?.state).toBe('succeeded')
    await worker.kill()
  })

  it('writes nothing while its successor is at work', { timeout: minute }, async (context) => {
    needsStops(context)
    const { before, after, atEnd, successorState } = await comeBackWhileOvertaken(stage(), 'amid')
    expect(before).toMatchObject({ state: 'started', attempt: 2 })
    expect(after).toMatchObject({ state: 'started', attempt: 2, owner: before?.owner })
    expect(atEnd).toMatchObject({ state: 'succeeded', attempt: 2, owner: before?.owner })
    expect(successorState).toBe('succeeded')
    expect((await effectCounts(stage())).get('amid-keyed')).toBe(1)
  })

  it('ends the doubt that others had to put its blind effect in', { timeout: minute }, async (context) => {
    needsStops(context)
    const { key, worker } = await stopInEffect(stage(), 'blind', 'doubted')
    const other = await readyWorker(stage(), { name: 'other-doubted', workload: 'blind', keys: [key] })
    go(other)
    const [answer] = await answersOf(other, 1)
    expect(answer?.receipt).toMatchObject({ state: 'in_doubt', error: { code: 'IN_DOUBT' } })
    await stage().peer.client.ask<'release'>({ op: 'release', key })
    worker.goOn()
    await worker.take(isEvent('succeeded'))
    expect(await rowOf(stage(), 'blind', key)).toMatchObject({ state: 'succeeded', attempt: 1 })
    await Promise.all([worker.kill(), other.kill()])
    expect((await effectCounts(stage())).get(key)).toBe(1)
  })

  it('adds nothing to what its target has said meanwhile', { timeout: minute }, async (context) => {
    needsStops(context)
    const { key, worker } = await stopInEffect(stage(), 'verifiable', 'asked')
    const other = await readyWorker(stage(), { name: 'other-asked', workload: 'verifiable', keys: [key] })
    go(other)
    const [answer] = await answersOf(other, 1)
    expect(answer?.receipt).toMatchObject({ state: 'succeeded', replayed: true, attempts: 1 })
    const before = await rowOf(stage(), 'verifiable', key)
    expect(before?.resolution?.by).toBe('verify')
    await stage().peer.client.ask<'release'>({ op: 'release', key })
    worker.goOn()
    await worker.take(isEvent('late_outcome'))
    expect(await rowOf(stage(), 'verifiable', key)).toEqual(before)
    expect((await effectCounts(stage())).get(key)).toBe(1)
    await Promise.all([worker.kill(), other.kill()])
  })
})

describe('a store that settles unfenced', () => {
  const module = new URL('./mutations.ts', import.meta.url).href
  const stage = useStage('sqlite', { mutation: { module, id: 'settles-unfenced' } })

  it('is found by a worker that comes back', { timeout: minute }, async (context) => {
    needsStops(context)
    const { after } = await comeBackWhileOvertaken(stage(), 'unfenced')
    expect(after?.state).toBe('succeeded')
  })
})
