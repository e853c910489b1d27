import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { gate } from '../support/gate.ts'
import { labs } from '../support/labs.ts'
import { KeyedPeer, Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const leaseMs = 1000
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, input: { amount: 100 } }

/** Defects found in published libraries, as far as they concern the ledger; the numbers are those of the list. */
describe('a defect of others that must not be ours', () => {
  it.each(['blind', 'keyed', 'transactional'] as const)(
    '1: the lease expires, a second worker acts, the first fails late and deletes the record (%s)',
    async (safety) => {
      const lab = newLab()
      const intent: Intent = { ...charge, safety }
      const [first, second, third] = [lab.worker(), lab.worker(), lab.worker()]
      const peer = new Peer()
      const door = gate()
      const late = first.once.run(intent, async () => {
        await door.pass()
        throw new DefiniteFailure('timeout')
      })
      await door.arrived
      first.runtime.isFrozen = true
      await lab.time.advance(leaseMs * 3)
      const outcome = await lab.code(second.once.run(intent, () => peer.do('charge')))
      door.open()
      first.runtime.isFrozen = false
      await lab.code(late)
      const after = await lab.code(third.once.run(intent, () => peer.do('charge')))
      expect(peer.count('charge')).toBe(safety === 'blind' ? 0 : 1)
      expect([outcome, after]).toEqual(safety === 'blind' ? ['IN_DOUBT', 'EFFECT_FAILED'] : ['ok', 'ok'])
    },
  )

  it('2: the store write fails at completion, and the retry performs the effect again', async () => {
    const lab = newLab()
    const { once, tap } = lab.worker()
    const peer = new Peer()
    tap.hooks.settle = () => Promise.reject(new StoreFault('unavailable', 'out'))
    const error = await lab.error(once.run(charge, () => peer.do('charge')))
    expect(error).toMatchObject({ code: 'IN_DOUBT', value: 'charge #1' })
    delete tap.hooks.settle
    await lab.time.advance(60_000)
    await lab.code(once.run(charge, () => peer.do('charge')))
    expect(peer.count('charge')).toBe(1)
  })

  it('3: one mismatched request overwrites the finished record, and the original client is refused', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    await lab.until(once.run(charge, () => 'paid'))
    expect(await lab.code(once.run({ ...charge, input: { amount: 999 } }, () => 'stolen'))).toBe('KEY_REUSED')
    expect(await lab.until(once.run(charge, () => 'again'))).toBe('paid')
  })

  it('4: a refusal is stored as the finished answer', async () => {
    const lab = newLab()
    const [first, second] = [lab.worker(), lab.worker()]
    const door = gate<string>()
    const run = first.once.run(charge, () => door.pass())
    await door.arrived
    for (const { once } of [first, second]) {
      expect(await lab.code(once.run({ ...charge, onConcurrent: 'reject' }, () => 'again'))).toBe(
        'IN_PROGRESS',
      )
    }
    door.open('paid')
    expect(await lab.until(run)).toBe('paid')
    expect(await lab.until(second.once.run(charge, () => 'again'))).toBe('paid')
  })

  it.each(['unavailable', 'hangs'] as const)(
    '5: the store is out (%s), and the request runs unprotected or hangs',
    async (how) => {
      const lab = newLab()
      const { once, tap } = lab.worker()
      const peer = new Peer()
      tap.hooks.claim = () =>
        how === 'hangs' ? never() : Promise.reject(new StoreFault('unavailable', 'out'))
      expect(await lab.code(once.run(charge, () => peer.do('charge')))).toBe('STORE_UNAVAILABLE')
      expect(lab.time.elapsedMs).toBeLessThanOrEqual(10_000)
      expect(peer.journal).toEqual([])
    },
  )

  it('6: after the retention ten of ten concurrent callers execute', async () => {
    const lab = newLab()
    const peer = new Peer()
    const brief: Intent = { ...charge, retainMs: 1000 }
    await lab.until(lab.worker().once.run(brief, () => peer.do('charge')))
    await lab.time.advance(1000)
    await lab.until(lab.worker().once.sweep())
    const workers = Array.from({ length: 10 }, () => lab.worker())
    await Promise.all(workers.map(({ once }) => lab.code(once.run(brief, () => peer.do('charge')))))
    expect(peer.count('charge')).toBe(1)
  })

  it('6: nor where a finite tombstoneMs lets the key run as new: then one of ten does', async () => {
    const lab = newLab()
    const peer = new Peer()
    const brief: Intent = { ...charge, retainMs: 1000 }
    const workers = Array.from({ length: 10 }, () => lab.worker({ tombstoneMs: 0 }))
    const [first] = workers
    await lab.until(Promise.resolve(first?.once.run(brief, () => peer.do('charge'))))
    await lab.time.advance(1000)
    for (let sweeps = 0; sweeps < 2; sweeps += 1) await lab.until(Promise.resolve(first?.once.sweep()))
    await Promise.all(workers.map(({ once }) => lab.code(once.run(brief, () => peer.do('charge')))))
    expect(peer.count('charge')).toBe(2)
  })

  it('7: check-then-act on a store that takes 2 ms: several of twenty callers act', async () => {
    const lab = newLab()
    const peer = new Peer()
    const clock = lab.time.worker()
    const base = memoryStore({ share: lab.rows, runtime: clock })
    const slow = <A>(work: () => Promise<A>): Promise<A> =>
      new Promise<void>((resolve) => void clock.setTimer(1, resolve))
        .then(work)
        .then((answer) => new Promise((resolve) => void clock.setTimer(1, () => resolve(answer))))
    const store = {
      ...base,
      claim: (requests: Parameters<typeof base.claim>[0]) => slow(() => base.claim(requests)),
      read: (refs: readonly string[]) => slow(() => base.read(refs)),
      settle: (requests: Parameters<typeof base.settle>[0]) => slow(() => base.settle(requests)),
    }
    const workers = Array.from({ length: 20 }, () => lab.worker({ store }))
    const values = workers.map(({ once }) => once.run(charge, () => peer.do('charge')))
    expect(new Set(await lab.until(Promise.all(values)))).toEqual(new Set(['charge #1']))
    expect(peer.count('charge')).toBe(1)
  })

  it('9: the same key and body for other work replays the first answer', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    expect(await lab.until(once.run(charge, () => 'paid'))).toBe('paid')
    expect(await lab.until(once.run({ ...charge, operation: 'refund' }, () => 'refunded'))).toBe('refunded')
    const other = lab.worker({ scope: 'other-shop' })
    expect(await lab.until(other.once.run(charge, () => 'paid there'))).toBe('paid there')
  })

  it('10: two different keys with the same body: the second is refused', async () => {
    const lab = newLab()
    const { once } = lab.worker({ operations: { charge: { onTwin: 'refuse' } } })
    const peer = new Peer()
    await lab.until(once.run(charge, () => peer.do('charge')))
    await lab.until(once.run({ ...charge, key: 'order-2' }, () => peer.do('charge')))
    await lab.until(once.run({ ...charge, key: 'order-3', subject: 'order:3' }, () => peer.do('charge')))
    await lab.until(once.run({ ...charge, key: 'order-4', subject: 'order:4' }, () => peer.do('charge')))
    expect(peer.count('charge')).toBe(4)
  })

  it('12: the claim committed but the connection reset: refused until the lease is over, and nothing ever ran', async () => {
    const lab = newLab()
    const { once, tap } = lab.worker()
    const peer = new Peer()
    tap.hooks.claim = async (requests, next) => {
      delete tap.hooks.claim
      await next(requests)
      throw new StoreFault('lost', 'connection reset')
    }
    const value = await lab.until(once.run({ ...charge, leaseMs: 600_000 }, () => peer.do('charge')))
    expect(value).toBe('charge #1')
    expect(lab.time.elapsedMs).toBeLessThan(1000)
  })

  it('13: the caller mutates the input while the effect runs, so that completion targets another key', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const door = gate<string>()
    const input = { amount: 100 }
    const run = once.run({ ...charge, input }, () => door.pass())
    await door.arrived
    input.amount = 999
    door.open('paid')
    expect(await lab.until(run)).toBe('paid')
    expect(await lab.until(once.run(charge, () => 'again'))).toBe('paid')
    expect(await lab.code(once.run({ ...charge, input }, () => 'again'))).toBe('KEY_REUSED')
  })

  it('15: the provider forgets the key, our retry comes later: paid twice', async () => {
    const lab = newLab()
    const dayMs = 86_400_000
    const provider = new KeyedPeer(dayMs, () => lab.time.elapsedMs)
    const keyed: Intent = { ...charge, safety: { kind: 'keyed', keyLifetimeMs: dayMs } }
    const dead = lab.worker()
    void dead.once.run(keyed, ({ effectKey }) => {
      provider.do(effectKey)
      return never()
    })
    await lab.time.quiet()
    dead.kill()
    for (const hours of [23, 24, 48]) {
      await lab.time.advance(hours * 3_600_000 - lab.time.elapsedMs)
      const { once } = lab.worker()
      const cut = ({ effectKey }: { effectKey: string }): Promise<never> => {
        provider.do(effectKey)
        return Promise.reject(new Error('timeout'))
      }
      await lab.code(once.run(keyed, cut))
    }
    expect(provider.journal).toHaveLength(1)
    expect(lab.row(charge).state).toBe('in_doubt')
  })

  it('16: the key is minted anew per retry, or hashed from what changes with each', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { charge: { onTwin: 'refuse', volatile: ['/sentAt'] } } })
    const peer = new Peer()
    const retry = (key: Intent['key']): Promise<string> => {
      const intent = {
        ...charge,
        key,
        subject: 'order:1',
        input: { amount: 100, sentAt: lab.time.elapsedMs },
      }
      return lab.code(worker.once.run(intent, () => peer.do('charge')))
    }
    expect(await retry(['order', lab.time.originMs])).toBe('KEY_UNSTABLE')
    expect(await retry('attempt-a')).toBe('ok')
    await lab.time.advance(1500)
    expect(await retry('attempt-b')).toBe('KEY_TWIN')
    expect(await retry('attempt-a')).toBe('ok')
    expect(peer.count('charge')).toBe(1)
  })
})
