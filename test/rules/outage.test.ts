import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault, type StoreFaultKind } from '../../src/ledger/store.ts'
import type { LabWorker } from '../support/lab.ts'
import { labs } from '../support/labs.ts'
import { Peer } from '../support/peer.ts'
import { type Hooks, never } from '../support/tapped-store.ts'

const newLab = labs()
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs: 1000 }
const daring = { operations: { charge: { onStoreOutage: 'run' } } } as const
const methods = ['open', 'claim', 'settle', 'renew', 'read', 'resolve', 'twins', 'list', 'purge'] as const

/** From now on every call answers like this. */
function fail(worker: LabWorker, answer: () => Promise<never>): void {
  for (const method of methods) Object.assign(worker.tap.hooks, { [method]: answer } satisfies Hooks)
}

function fault(kind: StoreFaultKind): () => Promise<never> {
  return () => Promise.reject(new StoreFault(kind, 'out of order'))
}

describe('while the store is out', () => {
  it.each(['unavailable', 'lost', 'conflict'] as const)(
    'nothing runs (%s), until it is back',
    async (kind) => {
      const lab = newLab()
      const worker = lab.worker()
      const peer = new Peer()
      fail(worker, fault(kind))
      expect(await lab.code(worker.once.run(charge, () => peer.do('charge')))).toBe('STORE_UNAVAILABLE')
      expect(peer.journal).toEqual([])
      for (const method of methods) delete worker.tap.hooks[method]
      expect(await lab.until(worker.once.run(charge, () => peer.do('charge')))).toBe('charge #1')
    },
  )

  it('a store that hangs is STORE_UNAVAILABLE after storeTimeoutMs, wherever it hangs', async () => {
    for (const method of ['open', 'claim'] as const) {
      const lab = newLab()
      const worker = lab.worker({ storeTimeoutMs: 2000 })
      const peer = new Peer()
      Object.assign(worker.tap.hooks, { [method]: () => never() })
      expect(await lab.code(worker.once.run(charge, () => peer.do('charge')))).toBe('STORE_UNAVAILABLE')
      expect(lab.time.elapsedMs).toBeLessThanOrEqual(2000)
      expect(peer.journal).toEqual([])
    }
  })

  it('a call that comes while another hangs has its own patience', async () => {
    const lab = newLab()
    const worker = lab.worker({ storeTimeoutMs: 2000 })
    worker.tap.hooks.claim = () => never()
    const first = lab.code(worker.once.run(charge, () => 'paid'))
    await lab.time.advance(1000)
    const beganMs = lab.time.elapsedMs
    const second = lab.code(worker.once.run({ ...charge, key: 'order-2' }, () => 'paid'))
    expect(await first).toBe('STORE_UNAVAILABLE')
    expect(await second).toBe('STORE_UNAVAILABLE')
    expect(lab.time.elapsedMs - beganMs).toBeLessThanOrEqual(2000)
  })

  it('a short break is not seen by callers', async () => {
    const lab = newLab()
    const worker = lab.worker()
    let failures = 5
    worker.tap.hooks.claim = (requests, next) => {
      failures -= 1
      return failures >= 0 ? fault('unavailable')() : next(requests)
    }
    expect(await lab.until(worker.once.run(charge, () => 'paid'))).toBe('paid')
    expect(worker.heard('store_fault')).toHaveLength(5)
    expect(lab.row(charge).attempt).toBe(1)
  })

  it('an outcome is tried for three times as long, because the effect has happened', async () => {
    const lab = newLab()
    const worker = lab.worker({ storeTimeoutMs: 1000 })
    worker.tap.hooks.settle = (requests, next) =>
      lab.time.elapsedMs < 2500 ? fault('unavailable')() : next(requests)
    expect(await lab.until(worker.once.run({ ...charge, leaseMs: 60_000 }, () => 'paid'))).toBe('paid')
    expect(lab.row(charge).state).toBe('succeeded')
  })

  it('an outcome that never can be written is in doubt, and its value is not lost', async () => {
    const lab = newLab()
    const worker = lab.worker()
    worker.tap.hooks.settle = fault('unavailable')
    const peer = new Peer()
    const error = await lab.error(worker.once.run(charge, () => peer.do('charge')))
    expect(error).toMatchObject({ code: 'IN_DOUBT', value: 'charge #1' })
    const other = lab.worker()
    expect(await lab.code(other.once.run(charge, () => peer.do('charge')))).toBe('IN_DOUBT')
    expect(peer.count('charge')).toBe(1)
  })

  it.each([
    ['incompatible', 'STORE_INCOMPATIBLE'],
    ['rejected', 'STORE_REJECTED'],
  ] as const)('what is %s is %s at once', async (kind, code) => {
    const lab = newLab()
    const worker = lab.worker()
    worker.tap.hooks.claim = fault(kind)
    expect(await lab.code(worker.once.run(charge, () => 'paid'))).toBe(code)
    expect(lab.time.elapsedMs).toBe(0)
  })

  it('every call has its coded error: no fault of a store reaches a caller raw', async () => {
    for (const kind of ['unavailable', 'incompatible'] as const) {
      const lab = newLab()
      const { once, tap } = lab.worker()
      await lab.until(once.open())
      fail({ once, tap } as LabWorker, fault(kind))
      const code = kind === 'unavailable' ? 'STORE_UNAVAILABLE' : 'STORE_INCOMPATIBLE'
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        run: () => once.run(charge, () => 'paid'),
        execute: () => once.execute(charge, () => 'paid'),
        lookup: () => once.lookup(charge),
        entries: () => once.entries(),
        'doubts.list': () => once.doubts.list(),
        'doubts.resolve': () => once.doubts.resolve(charge, { happened: true, by: 'Ada', because: 'seen' }),
        sweep: () => once.sweep(),
      }
      for (const [name, call] of Object.entries(calls))
        expect([name, await lab.code(call())]).toEqual([name, code])
    }
  })

  it('lists and sweeps that hang end with STORE_UNAVAILABLE as well', async () => {
    const lab = newLab()
    const { once, tap } = lab.worker({ storeTimeoutMs: 2000 })
    await lab.until(once.open())
    tap.hooks.list = () => never()
    for (const call of [() => once.entries(), () => once.doubts.list(), () => once.sweep()]) {
      const beganMs = lab.time.elapsedMs
      expect(await lab.code(call())).toBe('STORE_UNAVAILABLE')
      expect(lab.time.elapsedMs - beganMs).toBeLessThanOrEqual(2000)
    }
  })
})

describe("with onStoreOutage 'run'", () => {
  it('a single intent may say so where its operation does not', async () => {
    const lab = newLab()
    const worker = lab.worker()
    fail(worker, fault('unavailable'))
    const value = await lab.until(worker.once.run({ ...charge, onStoreOutage: 'run' }, () => 'paid'))
    expect([value, worker.once.counts().unguarded]).toEqual(['paid', 1])
    expect(await lab.code(worker.once.run(charge, () => 'paid'))).toBe('STORE_UNAVAILABLE')
  })

  it('the effect runs unguarded, with its effect key, and is counted', async () => {
    const lab = newLab()
    const worker = lab.worker(daring)
    const keys: string[] = []
    await lab.until(
      lab.worker().once.run({ ...charge, key: 'other' }, ({ effectKey }) => void keys.push(effectKey)),
    )
    fail(worker, fault('unavailable'))
    const value = await lab.until(
      worker.once.run({ ...charge, key: 'other' }, ({ effectKey }) => {
        keys.push(effectKey)
        return 'paid'
      }),
    )
    expect(value).toBe('paid')
    expect(keys[1]).toBe(keys[0])
    expect(worker.once.counts().unguarded).toBe(1)
    expect(worker.heard('unguarded')).toHaveLength(1)
  })

  it('its receipt has a fence older than any', async () => {
    const lab = newLab()
    const worker = lab.worker(daring)
    fail(worker, fault('unavailable'))
    expect(await lab.until(worker.once.execute(charge, () => 'paid'))).toMatchObject({
      state: 'succeeded',
      value: 'paid',
      replayed: false,
      attempts: 0,
      fence: { epoch: 0, attempt: 0 },
    })
  })

  it('an effect that fails unguarded has its coded error, with the cause', async () => {
    const lab = newLab()
    const worker = lab.worker(daring)
    fail(worker, fault('unavailable'))
    const declined = new DefiniteFailure('declined')
    expect(await lab.error(worker.once.run(charge, () => Promise.reject(declined)))).toMatchObject({
      code: 'EFFECT_FAILED',
      cause: declined,
    })
    const cut = new Error('cut')
    expect(await lab.error(worker.once.run(charge, () => Promise.reject(cut)))).toMatchObject({
      code: 'IN_DOUBT',
      cause: cut,
    })
  })

  it('a claim that came about all the same is not said to be undone: it has run', async () => {
    const lab = newLab()
    const [worker, other] = [lab.worker(daring), lab.worker()]
    const peer = new Peer()
    worker.tap.hooks.claim = async (requests, next) => {
      await next(requests)
      return never()
    }
    expect(await lab.until(worker.once.run(charge, () => peer.do('charge')))).toBe('charge #1')
    await lab.time.quiet()
    expect(lab.row(charge).state).not.toBe('released')
    expect(await lab.code(other.once.run(charge, () => peer.do('charge')))).toBe('IN_DOUBT')
    expect(peer.count('charge')).toBe(1)
  })

  it('nothing else runs unguarded: not what was refused, and not what hung after the claim', async () => {
    const lab = newLab()
    const worker = lab.worker(daring)
    const peer = new Peer()
    await lab.until(worker.once.run({ ...charge, input: 1 }, () => peer.do('charge')))
    expect(await lab.code(worker.once.run({ ...charge, input: 2 }, () => peer.do('charge')))).toBe(
      'KEY_REUSED',
    )
    worker.tap.hooks.settle = fault('unavailable')
    const other = { ...charge, key: 'order-2' }
    expect(await lab.code(worker.once.run(other, () => peer.do('charge')))).toBe('IN_DOUBT')
    expect(peer.count('charge')).toBe(2)
    expect(worker.heard('unguarded')).toEqual([])
  })
})
