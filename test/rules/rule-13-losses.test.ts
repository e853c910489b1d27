import { expect } from 'vitest'
import { StoreFault } from '../../src/ledger/store.ts'
import { failOver, losableData, loseWrites, standbyOf, writesOf } from '../../src/stores/memory/history.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { loseAll, mail, other, send } from './losing.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(13, losableData)

rule('a loss is noticed by the worker’s own rows, whatever the store says of itself', async (lab) => {
  const worker = lab.worker()
  const peer = new Peer()
  await lab.until(worker.once.run(mail, send(peer)))
  await lab.time.advance(1000)
  loseWrites(lab.rows, 1)
  await lab.time.advance(5000)
  expect(worker.heard('new_epoch')).toMatchObject([{ epoch: 2 }])
  expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 2 })
})

rule('a loss is noticed by the worker’s registration as well, and by nobody’s absence', async (lab) => {
  const worker = lab.worker()
  await lab.until(worker.once.run(mail, () => 'sent'))
  await lab.time.advance(10_000)
  const before = writesOf(lab.rows)
  await lab.time.advance(10_000)
  expect(worker.heard('new_epoch')).toEqual([])
  loseWrites(lab.rows, before)
  await lab.time.advance(5000)
  expect(worker.heard('new_epoch')).toMatchObject([{ epoch: 2 }])
})

rule('of two standbys that call their timelines by one number, the second is seen as well', async (lab) => {
  const worker = lab.worker()
  await lab.until(worker.once.run(mail, () => 'sent'))
  loseAll(lab)
  await lab.time.advance(5000)
  expect(lab.row(mail)).toMatchObject({ epoch: 2 })
  const { timeline } = lab.rows
  loseAll(lab)
  expect(lab.rows.timeline).toBe(timeline)
  await lab.time.advance(5000)
  expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 3, claimedEpoch: 1 })
})

rule('while the store is out nothing grows too old to be recalled', async (lab) => {
  const worker = lab.worker({ recallMs: 10_000 })
  const peer = new Peer()
  await lab.until(worker.once.run(other, send(peer)))
  await lab.time.advance(30_000)
  await lab.until(worker.once.run(mail, send(peer)))
  const out = (): never => {
    throw new StoreFault('unavailable', 'no primary')
  }
  Object.assign(worker.tap.hooks, { read: out, replaceIf: out })
  await lab.time.advance(3_600_000)
  loseAll(lab)
  delete worker.tap.hooks.read
  delete worker.tap.hooks.replaceIf
  await lab.time.advance(5000)
  expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 2 })
  expect(worker.heard('recalled')).toMatchObject([{ recalled: 1 }])
})

rule('what is remembered is bounded, and what falls out is counted', async (lab) => {
  const worker = lab.worker({ recallMaxEntries: 80 })
  const keys = Array.from({ length: 200 }, (_, index) => `order-${index}`)
  for (const key of keys) await lab.until(worker.once.run({ ...mail, key }, () => 'sent'))
  const forgotten = worker.heard('recall_forgotten').reduce((sum, { entries }) => sum + entries, 0)
  expect(forgotten).toBeGreaterThan(100)
  loseAll(lab)
  await lab.time.advance(5000)
  expect(worker.heard('recalled')).toMatchObject([{ recalled: 200 - forgotten }])
  expect(200 - forgotten).toBeGreaterThanOrEqual(70)
})

rule('a recall that is cut off is done again, before anything is claimed', async (lab) => {
  const worker = lab.worker()
  const peer = new Peer()
  await lab.until(worker.once.run(mail, send(peer)))
  loseAll(lab)
  let cuts = 3
  worker.tap.hooks.recall = async (requests, next) => {
    const reply = await next(requests)
    cuts -= 1
    if (cuts > 0) throw new StoreFault('lost', 'the connection broke')
    return reply
  }
  expect(await lab.until(worker.once.run(mail, send(peer)))).toBe('mail #1')
  expect(worker.heard('recalled')).toMatchObject([{ kept: 1, conflicts: 0 }])
  expect(peer.count('mail')).toBe(1)
})

rule(
  'an answer that comes in when its lineage has been left is none: what it said is written anew',
  async (lab) => {
    const [worker, reader] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const [answered, noticed] = [gate(), gate()]
    worker.tap.hooks.settle = async (requests, next) => {
      delete worker.tap.hooks.settle
      const reply = await next(requests)
      await answered.pass()
      return reply
    }
    worker.once.on('recalled', () => void noticed.pass())
    const running = worker.once.run(mail, send(peer))
    await answered.arrived
    loseAll(lab)
    await lab.until(noticed.arrived)
    answered.open()
    expect(await lab.until(running)).toBe('mail #1')
    expect(lab.row(mail)).toMatchObject({ state: 'succeeded', epoch: 2 })
    expect(await lab.until(reader.once.run(mail, send(peer)))).toBe('mail #1')
    expect(peer.count('mail')).toBe(1)
  },
  ['late-answer-is-believed'],
)

rule('what was done under a stale primary is recalled, and two that have acted are in doubt', async (lab) => {
  const standby = standbyOf(lab.rows)
  const way = { data: lab.rows }
  const runtime = lab.time.worker(9)
  const store = memoryStore({ share: () => way.data, runtime })
  const stale = lab.worker({ store })
  const peer = new Peer()
  await lab.until(stale.once.run(other, send(peer)))
  failOver(standby, { keep: writesOf(standby) })
  const current = lab.worker({ store: memoryStore({ share: standby, runtime }) })
  // While the stale primary still answers one worker, the others have waited as long as they had to.
  expect(await lab.until(current.once.run(mail, send(peer)))).toBe('mail #2')
  expect(await lab.until(stale.once.run(mail, send(peer)))).toBe('mail #3')
  way.data = standby
  await lab.time.advance(5000)
  const rows = [...standby.rows.values()].map(({ key, state, epoch }) => ({ key, state, epoch }))
  expect(rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toMatchObject([
    { state: 'in_doubt', epoch: 2 },
    { state: 'succeeded', epoch: 2 },
  ])
  expect(stale.heard('recalled')).toMatchObject([{ recalled: 1, conflicts: 1 }])
})
