import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Lab } from '../support/lab.ts'
import { labs } from '../support/labs.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const dayMs = 86_400_000
const charge: Intent = { operation: 'charge', key: 'order-1', retainMs: 1000, leaseMs: 1000 }

async function bury(lab: Lab, effect: () => unknown = () => 'paid'): Promise<void> {
  await lab.error(lab.worker().once.run(charge, effect))
  await lab.time.advance(1000)
  expect(await lab.until(lab.worker().once.sweep())).toMatchObject({ buried: 1, deleted: 0 })
}

describe('results past their retention', () => {
  it('are forgotten; the fact is kept: the key answers KEY_EXPIRED for ever, and nothing runs', async () => {
    const lab = newLab()
    const peer = new Peer()
    await bury(lab, () => peer.do('charge'))
    await lab.time.advance(3650 * dayMs)
    expect(await lab.until(lab.worker().once.sweep())).toMatchObject({ deleted: 0 })
    const codes = Array.from({ length: 10 }, () =>
      lab.code(lab.worker().once.run(charge, () => peer.do('charge'))),
    )
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['KEY_EXPIRED']))
    expect(peer.count('charge')).toBe(1)
    expect(lab.row(charge)).toMatchObject({ state: 'tombstone', buriedState: 'succeeded' })
    expect(lab.row(charge)?.value).toBeUndefined()
  })

  it('say whether the work had succeeded or failed', async () => {
    for (const [effect, word] of [
      [() => 'paid', 'succeeded'],
      [() => Promise.reject(new DefiniteFailure('no')), 'failed'],
    ] as const) {
      const lab = newLab()
      await bury(lab, effect)
      const error = await lab.error(lab.worker().once.run(charge, () => 'again'))
      expect(error?.message).toContain(word)
    }
  })

  it('still know the input: another one is KEY_REUSED', async () => {
    const lab = newLab()
    await bury(lab)
    expect(await lab.code(lab.worker().once.run({ ...charge, input: 1 }, () => 'again'))).toBe('KEY_REUSED')
  })

  it('are shown by lookup as a tombstone, without a value or an error', async () => {
    const lab = newLab()
    await bury(lab)
    const receipt = await lab.until(lab.worker().once.lookup(charge))
    expect(receipt).toMatchObject({ state: 'tombstone' })
    expect(receipt).not.toHaveProperty('value')
    expect(receipt).not.toHaveProperty('error')
  })

  it('with a finite tombstoneMs are deleted at last, and the key runs as new', async () => {
    const lab = newLab()
    const { once } = lab.worker({ tombstoneMs: 5000 })
    await lab.until(once.run(charge, () => 'first'))
    await lab.time.advance(1000)
    await lab.until(once.sweep())
    await lab.time.advance(4999)
    expect(await lab.until(once.sweep())).toMatchObject({ deleted: 0 })
    await lab.time.advance(1)
    expect(await lab.until(once.sweep())).toMatchObject({ deleted: 1 })
    expect(await lab.until(once.run(charge, () => 'second'))).toBe('second')
  })

  it('of another scope are left to it', async () => {
    const lab = newLab()
    await lab.until(lab.worker({ scope: 'other' }).once.run(charge, () => 'paid'))
    await lab.time.advance(dayMs)
    expect(await lab.until(lab.worker().once.sweep())).toMatchObject({ buried: 0 })
  })

  it('never are those that nobody knows the end of: started and in doubt stay for ever', async () => {
    const lab = newLab()
    void lab.worker().once.run(charge, () => never())
    await lab.time.quiet()
    await lab.code(
      lab.worker().once.run({ ...charge, key: 'order-2' }, () => Promise.reject(new Error('cut'))),
    )
    lab.end()
    await lab.time.advance(3650 * dayMs)
    await lab.until(lab.worker({ tombstoneMs: 0 }).once.sweep())
    expect(lab.row(charge).state).toBe('in_doubt')
    expect(lab.row({ ...charge, key: 'order-2' }).state).toBe('in_doubt')
  })

  it('are kept for 30 days by default', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const intent: Intent = { operation: 'charge', key: 'order-1' }
    await lab.until(once.run(intent, () => 'paid'))
    await lab.time.advance(30 * dayMs - 1)
    await lab.until(once.sweep())
    expect(await lab.until(once.run(intent, () => 'again'))).toBe('paid')
    await lab.time.advance(1)
    await lab.until(once.sweep())
    expect(await lab.code(once.run(intent, () => 'again'))).toBe('KEY_EXPIRED')
  })

  it('are buried also when there are more than a page of them', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    await lab.until(
      Promise.all(
        Array.from({ length: 450 }, (_, index) => once.run({ ...charge, key: `${index}` }, () => index)),
      ),
    )
    await lab.time.advance(1000)
    expect(await lab.until(once.sweep())).toMatchObject({ buried: 450 })
  })
})

describe('an instance sweeps by itself', () => {
  it('about once a minute, and tells of it', async () => {
    const lab = newLab()
    const worker = lab.worker({ sweep: {} })
    await lab.until(worker.once.run(charge, () => 'paid'))
    await lab.time.advance(5 * 60_000)
    const swept = worker.heard('swept').length
    expect(swept).toBeGreaterThanOrEqual(3)
    expect(swept).toBeLessThanOrEqual(7)
    expect(lab.row(charge).state).toBe('tombstone')
  })

  it('in turns with the others on its store', async () => {
    const lab = newLab()
    const workers = Array.from({ length: 5 }, () => lab.worker({ sweep: {} }))
    await lab.time.advance(20 * 60_000)
    const swept = workers.flatMap((worker) => worker.heard('swept')).length
    expect(swept).toBeGreaterThanOrEqual(10)
    expect(swept).toBeLessThanOrEqual(45)
  })

  it('goes on after a sweep that failed', async () => {
    const lab = newLab()
    const worker = lab.worker({ sweep: {} })
    let failures = 0
    worker.tap.hooks.list = (query, next) => {
      failures += 1
      return failures <= 2 ? Promise.reject(new Error('out')) : next(query)
    }
    await lab.time.advance(10 * 60_000)
    expect(worker.heard('swept').length).toBeGreaterThan(0)
  })

  it('not with sweep false, and not after close', async () => {
    const lab = newLab()
    const [silent, closed] = [lab.worker(), lab.worker({ sweep: {} })]
    await lab.until(closed.once.close())
    await lab.time.advance(60 * 60_000)
    expect([...silent.heard('swept'), ...closed.heard('swept')]).toEqual([])
  })

  it('leaves to callers what only a caller can go on with', async () => {
    const lab = newLab()
    const dead = lab.worker()
    for (const safety of ['keyed', 'transactional', 'blind'] as const) {
      void dead.once.run({ ...charge, key: safety, safety }, () => never())
    }
    void dead.once.run({ ...charge, key: 'steps', steps: true }, () => never())
    await lab.time.quiet()
    dead.kill()
    await lab.time.advance(60_000)
    expect(await lab.until(lab.worker().once.sweep())).toMatchObject({ lapsed: 4, doubted: 1 })
    const states = ['keyed', 'transactional', 'steps', 'blind'].map(
      (key) => lab.row({ ...charge, key }).state,
    )
    expect(states).toEqual(['started', 'started', 'claimed', 'in_doubt'])
  })

  it('asks registered targets, and leaves those of others to them', async () => {
    const lab = newLab()
    const dead = lab.worker()
    const verify = (): { happened: true; value: string } => ({ happened: true, value: 'shipped' })
    const safety = { kind: 'verifiable', verify, settleMs: 1000 } as const
    void dead.once.run({ operation: 'ship', key: 'a', leaseMs: 1000, safety }, () => never())
    await lab.time.quiet()
    dead.kill()
    await lab.time.advance(60_000)
    expect(await lab.until(lab.worker().once.sweep())).toMatchObject({ lapsed: 1, asked: 0, doubted: 0 })
    const { once } = lab.worker({ operations: { ship: { safety } } })
    expect(await lab.until(once.sweep())).toMatchObject({ lapsed: 1, asked: 1, settled: 1 })
    expect(await lab.until(once.lookup({ operation: 'ship', key: 'a' }))).toMatchObject({
      state: 'succeeded',
      value: 'shipped',
    })
  })
})

describe('the key lint and the ledger', () => {
  it('refuses a key that holds now, and neither runs nor writes anything', async () => {
    const lab = newLab()
    const worker = lab.worker()
    const peer = new Peer()
    const intent = { operation: 'charge', key: ['order', lab.time.originMs] }
    expect(await lab.code(worker.once.run(intent, () => peer.do('charge')))).toBe('KEY_UNSTABLE')
    expect(peer.journal).toEqual([])
    expect(lab.rows.rows.size).toBe(0)
  })

  it('never refuses a key that the ledger already holds', async () => {
    const lab = newLab()
    const intent = { operation: 'charge', key: `batch-${lab.time.originMs + 3_600_000}` }
    await lab.until(lab.worker().once.run(intent, () => 'paid'))
    await lab.time.advance(3_600_000)
    expect(await lab.until(lab.worker().once.run(intent, () => 'again'))).toBe('paid')
    const other = { operation: 'refund', key: intent.key }
    expect(await lab.code(lab.worker().once.run(other, () => 'again'))).toBe('KEY_UNSTABLE')
  })

  it("with 'warn' it runs, and an event tells of it; with 'off' nobody looks", async () => {
    for (const [keyLint, events] of [
      ['warn', 1],
      ['off', 0],
    ] as const) {
      const lab = newLab()
      const worker = lab.worker({ keyLint })
      const intent = { operation: 'charge', key: [lab.time.originMs] }
      expect(await lab.until(worker.once.run(intent, () => 'paid'))).toBe('paid')
      expect(worker.heard('key_unstable')).toHaveLength(events)
    }
  })

  it('of ten digits only warns', async () => {
    const lab = newLab()
    const worker = lab.worker()
    const intent = { operation: 'charge', key: ['order', lab.time.originMs / 1000] }
    expect(await lab.until(worker.once.run(intent, () => 'paid'))).toBe('paid')
    expect(worker.heard('key_unstable')).toHaveLength(1)
  })

  it('a Date is no key, however the lint is set', async () => {
    for (const keyLint of ['refuse', 'warn', 'off'] as const) {
      const lab = newLab()
      const { once } = lab.worker({ keyLint })
      const key = ['order', new Date(0)] as never
      expect(await lab.code(once.run({ operation: 'charge', key }, () => 'paid'))).toBe('KEY_UNSTABLE')
    }
  })
})
