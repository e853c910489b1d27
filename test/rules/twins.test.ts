import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { gate } from '../support/gate.ts'
import { labs } from '../support/labs.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const charge: Intent = { operation: 'charge', key: 'attempt-1', subject: 'order:1', input: { amount: 100 } }
const twin: Intent = { ...charge, key: 'attempt-2' }
const refusing = { operations: { charge: { onTwin: 'refuse' } } } as const

describe('twins: the same work for the same subject under another key', () => {
  it('warn by default: the effect runs, an event tells of the other entry, and it is counted', async () => {
    const lab = newLab()
    const worker = lab.worker()
    const peer = new Peer()
    await lab.until(worker.once.run(charge, () => peer.do('charge')))
    await lab.until(worker.once.run(twin, () => peer.do('charge')))
    await lab.time.quiet()
    expect(peer.count('charge')).toBe(2)
    expect(worker.heard('twin')).toMatchObject([
      { ref: lab.row(twin).ref, twinRef: lab.row(charge).ref, refused: false },
    ])
    expect(worker.once.counts().twin).toBe(1)
  })

  it('are refused where the operation says so: nothing runs, and the key stays free', async () => {
    const lab = newLab()
    const worker = lab.worker(refusing)
    const peer = new Peer()
    await lab.until(worker.once.run(charge, () => peer.do('charge')))
    const error = await lab.error(worker.once.run(twin, () => peer.do('charge')))
    expect(error).toMatchObject({ code: 'KEY_TWIN', details: { twinRef: lab.row(charge).ref } })
    expect(peer.count('charge')).toBe(1)
    expect(lab.row(twin).state).toBe('released')
    expect(worker.heard('twin')).toMatchObject([{ refused: true }])
    expect(await lab.until(worker.once.run(charge, () => peer.do('charge')))).toBe('charge #1')
  })

  it('of two at once in two processes at most one is refused, and at least one runs', async () => {
    const lab = newLab()
    const peer = new Peer()
    const codes = await Promise.all(
      [charge, twin].map((intent) =>
        lab.code(lab.worker(refusing).once.run(intent, () => peer.do('charge'))),
      ),
    )
    expect(codes.toSorted()).toEqual(['KEY_TWIN', 'ok'])
    expect(peer.count('charge')).toBe(1)
  })

  it('that run are twins as well as those that have ended, and those in doubt', async () => {
    const lab = newLab()
    const [first, second] = [lab.worker(refusing), lab.worker(refusing)]
    const door = gate()
    void first.once.run(charge, () => door.pass())
    await door.arrived
    expect(await lab.code(second.once.run(twin, () => 'again'))).toBe('KEY_TWIN')
    door.fail(new Error('cut'))
    await lab.time.quiet()
    expect(lab.row(charge).state).toBe('in_doubt')
    await lab.time.advance(1)
    expect(await lab.code(second.once.run({ ...twin, key: 'attempt-3' }, () => 'again'))).toBe('KEY_TWIN')
  })

  it('that did nothing are none: a released entry stands in nobody’s way', async () => {
    const lab = newLab()
    const { once } = lab.worker(refusing)
    const declined = (): never => {
      throw new DefiniteFailure('declined')
    }
    await lab.code(once.run({ ...charge, retry: 'on-failure' }, declined))
    expect(await lab.until(once.run(twin, () => 'paid'))).toBe('paid')
  })

  it.each<readonly [string, Partial<Intent>, Partial<Intent>]>([
    ['equal prices of different subjects', {}, { subject: 'order:2' }],
    ['different inputs of one subject', {}, { input: { amount: 101 } }],
    ['another operation', {}, { operation: 'refund' }],
    ['the same key', {}, { key: 'attempt-1' }],
    ['no subject', { subject: undefined as never }, { subject: undefined as never }],
    ['no input', { input: undefined }, { input: undefined }],
  ])('are none with %s', async (_, first, second) => {
    const lab = newLab()
    const worker = lab.worker({ operations: { charge: { onTwin: 'refuse' }, refund: { onTwin: 'refuse' } } })
    const [one, other] = [
      { ...charge, ...first },
      { ...twin, ...second },
    ].map((intent) => Object.fromEntries(Object.entries(intent).filter(([, value]) => value !== undefined)))
    await lab.until(worker.once.run(one as unknown as Intent, () => 'paid'))
    expect(await lab.until(worker.once.run(other as unknown as Intent, () => 'paid'))).toBe('paid')
    expect(worker.heard('twin')).toEqual([])
  })

  it('are looked for within the window, ten minutes unless told otherwise', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { charge: { onTwin: 'refuse', twinWindowMs: 1000 } } })
    await lab.until(worker.once.run(charge, () => 'paid'))
    await lab.time.advance(1001)
    expect(await lab.until(worker.once.run(twin, () => 'paid'))).toBe('paid')
    const other = lab.worker(refusing)
    await lab.time.advance(599_000)
    expect(await lab.code(other.once.run({ ...twin, key: 'attempt-3' }, () => 'paid'))).toBe('KEY_TWIN')
    await lab.time.advance(2000)
    expect(await lab.until(other.once.run({ ...twin, key: 'attempt-4' }, () => 'paid'))).toBe('paid')
  })

  it('are not looked for with onTwin off', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { charge: { onTwin: 'off' } } })
    await lab.until(worker.once.run(charge, () => 'paid'))
    await lab.until(worker.once.run(twin, () => 'paid'))
    expect(worker.tap.calls.filter((call) => call.method === 'twins')).toEqual([])
  })

  it('that come while the effect runs are found at its end', async () => {
    const lab = newLab()
    const [first, second] = [lab.worker(), lab.worker()]
    let isBlind = true
    second.tap.hooks.twins = async (requests, next) => {
      const reply = await next(requests)
      return isBlind ? { ...reply, results: reply.results.map(() => []) } : reply
    }
    await lab.until(first.once.run(charge, () => 'paid'))
    const door = gate<string>()
    const run = second.once.run(twin, () => door.pass())
    await door.arrived
    await lab.time.quiet()
    isBlind = false
    door.open('paid')
    await lab.until(run)
    await lab.time.quiet()
    expect(second.heard('twin')).toHaveLength(1)
  })

  it('never stand in the way of an effect when the search fails or hangs', async () => {
    for (const search of [() => never<never>(), () => Promise.reject(new StoreFault('unavailable', 'out'))]) {
      const lab = newLab()
      const worker = lab.worker()
      worker.tap.hooks.twins = search
      expect(await lab.until(worker.once.run(charge, () => 'paid'))).toBe('paid')
      expect(lab.time.elapsedMs).toBe(0)
    }
  })

  it('where they are to be refused, a search that fails lets nothing run, and the key stays free', async () => {
    const lab = newLab()
    const worker = lab.worker(refusing)
    worker.tap.hooks.twins = () => Promise.reject(new StoreFault('unavailable', 'out'))
    const peer = new Peer()
    expect(await lab.code(worker.once.run(charge, () => peer.do('charge')))).toBe('STORE_UNAVAILABLE')
    expect(peer.journal).toEqual([])
    delete worker.tap.hooks.twins
    expect(await lab.until(lab.worker(refusing).once.run(charge, () => peer.do('charge')))).toBe('charge #1')
  })
})
