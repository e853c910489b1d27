import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import type { VerifyAnswer } from '../../src/ledger/safety.ts'
import { failOver, losableData, writesOf } from '../../src/stores/memory/history.ts'
import { gate } from '../support/gate.ts'
import type { Lab, LabWorker } from '../support/lab.ts'
import { KeyedPeer, Peer } from '../support/peer.ts'
import { loseAll, mail, other, send } from './losing.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(13, losableData)
const recallWaitMs = 60_000

rule(
  'what was acknowledged and is lost stands again, in the new epoch and with its attempt, before anything else is claimed',
  async (lab) => {
    const worker = lab.worker()
    const peer = new Peer()
    await lab.until(worker.once.run(mail, send(peer)))
    loseAll(lab)
    expect(await lab.until(worker.once.run(mail, send(peer)))).toBe('mail #1')
    expect(peer.count('mail')).toBe(1)
    expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 2, attempt: 1, claimedEpoch: 1 })
    expect(worker.heard('new_epoch')).toMatchObject([{ epoch: 2, formerEpoch: 1 }])
    expect(worker.heard('recalled')).toMatchObject([{ epoch: 2, recalled: 1, kept: 0, conflicts: 0 }])
  },
  ['recall-skipped'],
)

rule(
  'who comes first to the new epoch waits for others to recall, and repeats nothing of theirs',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    await lab.until(second.once.open())
    await lab.until(first.once.run(mail, send(peer)))
    loseAll(lab)
    expect(await lab.until(second.once.run(mail, send(peer)))).toBe('mail #1')
    expect(peer.count('mail')).toBe(1)
    expect(second.heard('recall_awaited')).toHaveLength(1)
  },
  ['recall-skipped', 'blind-does-not-wait-for-recall'],
)

rule(
  'an effect that runs through a failover settles, whatever its age, and is not begun by anybody else',
  async (lab) => {
    const [first, second] = [lab.worker({ recallMs: 0 }), lab.worker()]
    const peer = new Peer()
    const door = gate()
    const running = first.once.run(mail, async () => {
      peer.do('mail')
      await door.pass()
      return 'sent'
    })
    await door.arrived
    await lab.time.advance(5 * 60_000)
    loseAll(lab)
    const waiting = second.once.run(mail, send(peer))
    await lab.time.advance(20_000)
    expect([...lab.rows.rows.values()]).toMatchObject([{ state: 'started', epoch: 2, attempt: 1 }])
    door.open()
    expect([await lab.code(running), await lab.code(waiting)]).toEqual(['ok', 'ok'])
    expect(peer.count('mail')).toBe(1)
  },
  ['recall-skipped', 'blind-does-not-wait-for-recall'],
)

rule(
  'a row that survived as started is settled by what its owner recalls, and not put in doubt meanwhile',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker({ sweep: { everyMs: 1000 } })]
    const peer = new Peer()
    let begun = 0
    await lab.until(
      first.once.run({ ...mail, leaseMs: 1000 }, () => {
        begun = writesOf(lab.rows)
        return peer.do('mail')
      }),
    )
    first.runtime.isFrozen = true
    failOver(lab.rows, { keep: begun })
    const waiting = second.once.run(mail, send(peer))
    await lab.time.advance(30_000)
    expect(lab.row(mail).state).toBe('started')
    first.runtime.isFrozen = false
    expect(await lab.code(waiting)).toBe('ok')
    expect(peer.count('mail')).toBe(1)
  },
  ['blind-does-not-wait-for-recall', 'recall-skipped'],
)

rule('a release is recalled too: what was tried and did not happen keeps its round', async (lab) => {
  const worker = lab.worker()
  const intent: Intent = { ...mail, retry: 'on-failure' }
  const failing = worker.once.run(intent, () => {
    throw new DefiniteFailure('refused')
  })
  expect(await lab.code(failing)).toBe('EFFECT_FAILED')
  loseAll(lab)
  await lab.time.advance(5000)
  expect(lab.row(mail)).toMatchObject({ state: 'released', round: 1, attempt: 1, epoch: 2 })
})

rule('nobody waits in the first epoch of a store', async (lab) => {
  const worker = lab.worker()
  await lab.until(worker.once.run(mail, () => 'sent'))
  expect(lab.time.elapsedMs).toBe(0)
  expect(worker.heard('recall_awaited')).toEqual([])
})

rule(
  'a blind effect on a key that nobody recalls starts when the epoch is old enough, by the store’s clock',
  async (lab) => {
    const worker = lab.worker()
    worker.runtime.wallOffsetMs = 3_600_000
    await lab.until(worker.once.run(other, () => 'sent'))
    loseAll(lab)
    const sinceMs = lab.time.elapsedMs
    expect(await lab.until(worker.once.run(mail, () => 'sent'))).toBe('sent')
    const waitedMs = lab.time.elapsedMs - sinceMs
    expect(waitedMs).toBeGreaterThanOrEqual(recallWaitMs)
    expect(waitedMs).toBeLessThan(recallWaitMs + 1000)
  },
  ['blind-does-not-wait-for-recall'],
)

rule(
  'a caller that cannot wait so long is told when to come again',
  async (lab) => {
    const worker = lab.worker()
    await lab.until(worker.once.run(other, () => 'sent'))
    loseAll(lab)
    const error = await lab.error(worker.once.run({ ...mail, waitMs: 20_000 }, () => 'sent'))
    expect(error).toMatchObject({ code: 'RECALL_PENDING' })
    expect(Number(error?.details['retryAfterMs'])).toBeLessThanOrEqual(recallWaitMs - 19_000)
    const rejected = await lab.error(worker.once.run({ ...mail, onConcurrent: 'reject' }, () => 'sent'))
    expect(rejected).toMatchObject({ code: 'RECALL_PENDING' })
  },
  ['blind-does-not-wait-for-recall'],
)

rule('a process that starts in a young epoch waits as well', async (lab) => {
  const first = lab.worker()
  const peer = new Peer()
  await lab.until(first.once.run(mail, send(peer)))
  first.runtime.isFrozen = true
  loseAll(lab)
  const second = lab.worker()
  await lab.until(second.once.run({ ...other, safety: 'keyed' }, () => 'charged'))
  const late = lab.worker()
  const waiting = late.once.run(mail, send(peer))
  await lab.time.advance(10_000)
  first.runtime.isFrozen = false
  expect(await lab.until(waiting)).toBe('mail #1')
})

rule('keyed work goes on at once, with the same effect key', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const peer = new KeyedPeer(86_400_000, () => lab.time.elapsedMs)
  const charge: Intent = { operation: 'charge', key: 'order-1', safety: 'keyed' }
  await lab.until(second.once.open())
  await lab.until(first.once.run(charge, ({ effectKey }) => peer.do(effectKey)))
  first.runtime.isFrozen = true
  loseAll(lab)
  const sinceMs = lab.time.elapsedMs
  await lab.until(second.once.run(charge, ({ effectKey }) => peer.do(effectKey)))
  expect(lab.time.elapsedMs - sinceMs).toBeLessThan(1000)
  expect(peer.journal).toHaveLength(1)
})

/** A worker that asks the peer, and one that has done the work and cannot recall it. */
async function verifiableWorld(
  lab: Lab,
  answer: () => VerifyAnswer,
): Promise<{ readonly worker: LabWorker; readonly intent: Intent; readonly asked: () => number }> {
  let asked = 0
  const verify = (): VerifyAnswer => {
    asked += 1
    return answer()
  }
  const safety = { kind: 'verifiable', verify, settleMs: 5000 } as const
  const worker = lab.worker({ operations: { mail: { safety } } })
  await lab.until(worker.once.open())
  const gone = lab.worker({ operations: { mail: { safety } } })
  await lab.until(gone.once.run(mail, () => 'sent'))
  gone.kill()
  loseAll(lab)
  return { worker, intent: mail, asked: () => asked }
}

rule(
  'a verifiable effect asks its target first, once a request of before can have arrived',
  async (lab) => {
    const peer = new Peer()
    const { worker, intent } = await verifiableWorld(lab, () => ({ happened: true, value: 'mail #0' }))
    const sinceMs = lab.time.elapsedMs
    expect(await lab.until(worker.once.run(intent, send(peer)))).toBe('mail #0')
    expect(peer.count('mail')).toBe(0)
    expect(lab.time.elapsedMs - sinceMs).toBeGreaterThanOrEqual(5000)
    expect(lab.row(intent)).toMatchObject({ state: 'succeeded', epoch: 2 })
  },
  ['verifiable-does-not-ask-first', 'blind-does-not-wait-for-recall'],
)

rule(
  'it runs when its target says that nothing happened, once nobody can be at work on it any more',
  async (lab) => {
    const peer = new Peer()
    const { worker, intent, asked } = await verifiableWorld(lab, () => ({ happened: false }))
    const sinceMs = lab.time.elapsedMs
    expect(await lab.until(worker.once.run({ ...intent, leaseMs: 10_000 }, send(peer)))).toBe('mail #1')
    // A lease of the epoch before, and then the life of a request: 15 seconds.
    expect(lab.time.elapsedMs - sinceMs).toBeGreaterThanOrEqual(15_000)
    expect(lab.time.elapsedMs - sinceMs).toBeLessThan(16_000)
    expect(asked()).toBe(2)
  },
)

rule('it waits as a blind one does when its target cannot tell, and asks twice at most', async (lab) => {
  const peer = new Peer()
  const { worker, intent, asked } = await verifiableWorld(lab, () => ({ happened: 'unknown' }))
  const sinceMs = lab.time.elapsedMs
  expect(await lab.until(worker.once.run(intent, send(peer)))).toBe('mail #1')
  expect(lab.time.elapsedMs - sinceMs).toBeGreaterThanOrEqual(recallWaitMs)
  expect(asked()).toBe(2)
})

rule('a stepped operation waits, whatever its safety: its steps may have another', async (lab) => {
  const worker = lab.worker()
  await lab.until(worker.once.run(other, () => 'sent'))
  loseAll(lab)
  const intent: Intent = { operation: 'ship', key: 'order-1', safety: 'keyed', steps: true, waitMs: 1000 }
  expect(await lab.code(worker.once.run(intent, () => 1))).toBe('RECALL_PENDING')
})

rule(
  'the outcome of a transaction is not recalled: it lives and dies with the rows of its caller',
  async (lab) => {
    const worker = lab.worker()
    const intent: Intent = { operation: 'book', key: 'order-1', safety: 'transactional' }
    await lab.until(worker.once.run(intent, () => 'booked'))
    loseAll(lab)
    let runs = 0
    const again = worker.once.run(intent, () => {
      runs += 1
      return 'booked again'
    })
    expect(await lab.until(again)).toBe('booked again')
    expect(runs).toBe(1)
  },
  ['transactional-outcome-recalled'],
)

rule(
  'where the new epoch has started another attempt before the first was recalled, the entry is in doubt',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    await lab.until(second.once.open())
    await lab.until(first.once.run(mail, send(peer)))
    first.runtime.isFrozen = true
    loseAll(lab)
    expect(await lab.until(second.once.run(mail, send(peer)))).toBe('mail #2')
    first.runtime.isFrozen = false
    await lab.time.advance(5000)
    expect(lab.row(mail)).toMatchObject({ state: 'in_doubt', epoch: 2, owner: '' })
    expect(first.heard('recall_conflict')).toMatchObject([{ state: 'in_doubt', fence: { epoch: 2 } }])
    expect(await lab.code(first.once.run(mail, send(peer)))).toBe('IN_DOUBT')
  },
  ['recall-overwrites-newer-attempt', 'recall-skipped'],
)

rule('a later attempt is not overwritten by what an earlier one recalls', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const intent: Intent = { ...mail, retry: 'on-failure' }
  const failing = first.once.run(intent, () => {
    throw new DefiniteFailure('refused')
  })
  expect(await lab.code(failing)).toBe('EFFECT_FAILED')
  await lab.until(second.once.run(intent, () => 'sent'))
  failOver(lab.rows, { keep: writesOf(lab.rows) })
  await lab.time.advance(10_000)
  expect(lab.row(mail)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

rule(
  'an answer that comes from a lineage that has been left counts as lost, and is written again',
  async (lab) => {
    const worker = lab.worker()
    const peer = new Peer()
    const door = gate()
    await lab.until(worker.once.run(other, send(peer)))
    worker.tap.hooks.settle = async (requests, next) => {
      delete worker.tap.hooks.settle
      const reply = await next(requests)
      await door.pass()
      return reply
    }
    const running = worker.once.run(mail, send(peer))
    await door.arrived
    loseAll(lab)
    expect(await lab.code(worker.once.run({ ...mail, key: 'another', waitMs: 0 }, () => 1))).toBe(
      'RECALL_PENDING',
    )
    door.open()
    expect(await lab.until(running)).toBe('mail #2')
    expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 2 })
  },
)

rule('a list and a sweep that meet the failover are made once more, in the new epoch', async (lab) => {
  const worker = lab.worker()
  const peer = new Peer()
  await lab.until(worker.once.run(mail, send(peer)))
  let cuts = 0
  worker.tap.hooks.list = (query, next) => {
    cuts += 1
    return cuts % 2 === 1 ? Promise.reject(new StoreFault('lost', 'the connection has ended')) : next(query)
  }
  expect((await lab.until(worker.once.entries())).entries).toMatchObject([{ state: 'succeeded' }])
  expect(await lab.until(worker.once.sweep())).toMatchObject({ lapsed: 0 })
  expect(cuts).toBe(4)
})
