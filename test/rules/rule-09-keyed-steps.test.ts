import { expect } from 'vitest'
import type { Intent } from '../../src/ledger/intent.ts'
import { StoreFault } from '../../src/ledger/store.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(9)
const order: Intent = { operation: 'order', key: 'order-1', steps: true }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

rule('no more than two keyed steps in a row begin before the first of them is on record', async (lab) => {
  const { once, tap } = lab.worker()
  const peer = new Peer()
  const hung = gate()
  tap.hooks.settle = async (requests, next) => {
    await hung.pass()
    return next(requests)
  }
  const run = once.run({ ...order, leaseMs: 60_000 }, async (attempt) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await attempt.step(name, { safety: 'keyed' }, async () => {
        peer.do(name)
        await turn()
        await turn()
      })
    }
  })
  for (let turns = 0; turns < 10; turns += 1) await lab.time.quiet()
  expect(peer.journal).toEqual(['a', 'b'])
  hung.open()
  await lab.until(run)
  expect(peer.journal).toEqual(['a', 'b', 'c', 'd'])
})

rule('a keyed step does not begin when the store cannot take what came before it', async (lab) => {
  const { once, tap } = lab.worker({ storeTimeoutMs: 500 })
  const peer = new Peer()
  tap.hooks.settle = () => Promise.reject(new StoreFault('unavailable', 'out'))
  const run = once.run({ ...order, leaseMs: 60_000 }, async (attempt) => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await attempt.step(name, { safety: 'keyed' }, async () => {
        peer.do(name)
        await turn()
        await turn()
      })
    }
  })
  await lab.code(run)
  expect(peer.journal).toEqual(['a', 'b'])
})
