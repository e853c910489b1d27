import { expect } from 'vitest'
import type { Entry } from '../../src/ledger/entry.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import { type Store, StoreFault } from '../../src/ledger/store.ts'
import type { LabWorker } from '../support/lab.ts'
import { losableData } from '../../src/stores/memory/history.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(4)
/** On a store that can lose what can be seen. */
const losable = ruleTests(4, losableData)
const leaseMs = 10_000
const mail: Intent = { operation: 'mail', key: 'order-1', leaseMs }
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: 'keyed' }

/** The next call of a method is written, and its acknowledgement is lost. */
function loseAnswer(worker: LabWorker, method: 'claim' | 'settle'): void {
  const { hooks } = worker.tap
  const lose = async (requests: never, next: (requests: never) => Promise<never>): Promise<never> => {
    delete hooks[method]
    await next(requests)
    throw new StoreFault('lost', 'the connection broke')
  }
  hooks[method] = lose as never
}

rule(
  'each attempt has an owner token of 16 random bytes, that two attempts never share',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    await lab.until(first.once.run({ ...mail, key: 'a' }, () => 1))
    await lab.until(first.once.run({ ...mail, key: 'b' }, () => 1))
    await lab.until(second.once.run({ ...mail, key: 'c' }, () => 1))
    const owners = ['a', 'b', 'c'].map((key) => lab.row({ ...mail, key }).owner)
    expect(owners.map((owner) => Buffer.from(owner, 'base64url').length)).toEqual([16, 16, 16])
    expect(new Set(owners).size).toBe(3)
  },
  ['owner-token-is-constant'],
)

rule(
  "nobody takes another worker's claim for its own",
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const door = gate()
    const send = async (): Promise<string> => {
      peer.do('mail')
      await door.pass()
      return 'sent'
    }
    const runs = [first.once.run(mail, send)]
    await door.arrived
    runs.push(second.once.run(mail, send))
    await lab.time.advance(leaseMs / 2)
    door.open()
    expect(await lab.until(Promise.all(runs))).toEqual(['sent', 'sent'])
    expect(peer.count('mail')).toBe(1)
  },
  ['owner-token-is-constant'],
)

rule('a claim whose answer was lost is recognised, and the effect happens once', async (lab) => {
  const worker = lab.worker()
  const peer = new Peer()
  loseAnswer(worker, 'claim')
  expect(await lab.until(worker.once.run(mail, () => peer.do('mail')))).toBe('mail #1')
  expect(peer.count('mail')).toBe(1)
  expect(lab.row(mail)).toMatchObject({ state: 'succeeded', attempt: 1 })
})

rule(
  'a claim is recognised by a new conditional write: what is only visible may be lost',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    let isLost = false
    first.tap.hooks.claim = async (requests, next) => {
      const before = lab.rows.rows.get(requests[0]?.ref ?? '')?.rev
      const reply = await next(requests)
      if (!isLost) {
        isLost = true
        throw new StoreFault('lost', 'the connection broke')
      }
      // A row that was never acknowledged, and not written again either, does not survive its primary.
      const after = lab.rows.rows.get(requests[0]?.ref ?? '')?.rev
      if (requests[0]?.expect !== undefined && after === before) lab.rows.rows.clear()
      return reply
    }
    void first.once.run(mail, () => {
      peer.do('mail')
      return never()
    })
    await lab.time.advance(1000)
    first.kill()
    await lab.code(second.once.run(mail, () => peer.do('mail')))
    expect(peer.count('mail')).toBe(1)
  },
  ['visible-counts-as-claimed'],
)

rule('a claim that did not come about is made again', async (lab) => {
  const worker = lab.worker()
  worker.tap.hooks.claim = () => {
    delete worker.tap.hooks.claim
    return Promise.reject(new StoreFault('lost', 'the connection broke'))
  }
  expect(await lab.until(worker.once.run(mail, () => 'sent'))).toBe('sent')
})

rule(
  'an outcome whose acknowledgement was lost is recognised, not repeated and no late one',
  async (lab) => {
    const worker = lab.worker()
    const peer = new Peer()
    loseAnswer(worker, 'settle')
    const outcome = await lab.until(worker.once.run(mail, () => peer.do('mail')).catch(codeOf))
    expect(outcome).toBe('mail #1')
    expect(peer.count('mail')).toBe(1)
    expect(worker.heard('late_outcome')).toEqual([])
    expect(lab.row(mail).state).toBe('succeeded')
  },
  ['repeated-settle-is-refused'],
)

losable(
  'a success that was written and never acknowledged is replayed once another write of it is acknowledged',
  async (lab) => {
    const [worker, other] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    let isWritten = false
    worker.tap.hooks.settle = async (requests, next) => {
      if (isWritten) return never()
      isWritten = true
      await next(requests)
      throw new StoreFault('lost', 'the wait for the standby was cancelled')
    }
    const send = (): string => peer.do('mail')
    expect(await lab.code(worker.once.run(mail, send))).toBe('IN_DOUBT')
    delete worker.tap.hooks.settle
    const seen = lab.row(mail)
    expect(seen.state).toBe('succeeded')
    expect(await lab.until(worker.once.run(mail, send))).toBe('mail #1')
    expect(lab.row(mail)).toEqual({ ...seen, rev: seen.rev + 1 })
    // Once is enough; and who was never in doubt writes nothing.
    expect(await lab.until(worker.once.run(mail, send))).toBe('mail #1')
    expect(await lab.until(other.once.run(mail, send))).toBe('mail #1')
    expect(lab.row(mail).rev).toBe(seen.rev + 1)
    expect(peer.count('mail')).toBe(1)
  },
  ['visible-counts-as-durable'],
)

losable(
  "so is a target's yes, whose record was never acknowledged",
  async (lab) => {
    const [dead, heir] = [lab.worker(), lab.worker()]
    const verify = (): { happened: true; value: string } => ({ happened: true, value: 'shipped' })
    const safety = { kind: 'verifiable', verify, settleMs: 1 } as const
    const ship: Intent = { operation: 'ship', key: 'order-1', leaseMs, safety }
    void dead.once.run(ship, () => never())
    await lab.time.quiet()
    dead.kill()
    await lab.time.advance(leaseMs * 2)
    let rev = 0
    heir.tap.hooks.resolve = async (requests, next) => {
      delete heir.tap.hooks.resolve
      await next(requests)
      rev = lab.row(ship).rev
      throw new StoreFault('lost', 'the wait for the standby was cancelled')
    }
    expect(await lab.until(heir.once.run(ship, () => 'again'))).toBe('shipped')
    expect(lab.row(ship)).toMatchObject({ state: 'succeeded', rev: rev + 1 })
  },
  ['visible-counts-as-durable'],
)

losable(
  "so is a transaction's COMMIT that was never acknowledged",
  async (lab) => {
    const base = memoryStore({ share: lab.rows, runtime: lab.time.worker() })
    const store: Store = {
      ...base,
      isTransactional: true,
      transaction: async (work, prepare, lineage) => {
        const value = await work({})
        await base.settle([prepare(value)], lineage)
        throw new StoreFault('lost', 'the connection broke')
      },
    }
    const { once, tap } = lab.worker({ store })
    const sell: Intent = { operation: 'sell', key: 'order-1', leaseMs, safety: 'transactional' }
    const selling = (attempt: Attempt): Promise<string> => attempt.transaction(() => 'sold')
    tap.hooks.settle = () => Promise.reject(new StoreFault('unavailable', 'connection refused'))
    expect(await lab.code(once.run(sell, selling))).toBe('IN_DOUBT')
    delete tap.hooks.settle
    const { rev } = lab.row(sell)
    expect(await lab.until(once.run(sell, selling))).toBe('sold')
    expect(lab.row(sell)).toMatchObject({ state: 'succeeded', rev: rev + 1 })
  },
  ['visible-counts-as-durable'],
)

losable('an end that did not last is not replayed: what is there now is looked at', async (lab) => {
  const worker = lab.worker()
  const peer = new Peer()
  let before: Entry | undefined
  worker.tap.hooks.settle = async (requests, next) => {
    if (before !== undefined) return never()
    before = lab.row(charge)
    await next(requests)
    throw new StoreFault('lost', 'the wait for the standby was cancelled')
  }
  expect(await lab.code(worker.once.run(charge, () => peer.do('charge')))).toBe('IN_DOUBT')
  worker.tap.hooks.settle = (requests, next) => {
    // The standby takes over between the read and the write.
    if (before !== undefined) lab.rows.rows.set(before.ref, before)
    before = undefined
    return next(requests)
  }
  expect(await lab.until(worker.once.run(charge, () => peer.do('charge')))).toBe('charge #2')
  expect(lab.row(charge)).toMatchObject({ state: 'succeeded', attempt: 2 })
})

rule(
  'a renewal that finds its own entry finished aborts nothing',
  async (lab) => {
    const worker = lab.worker()
    const { tap, runtime } = worker
    tap.hooks.settle = async (requests, next) => {
      const reply = await next(requests)
      await new Promise<void>((resolve) => void runtime.setTimer(leaseMs / 2, resolve))
      return reply
    }
    const run = worker.once.run(mail, () => 'sent')
    expect(await lab.until(run)).toBe('sent')
    expect(tap.requests('renew').length).toBeGreaterThan(0)
    expect(worker.heard('lease_lost')).toEqual([])
  },
  ['finished-renewal-aborts'],
)

rule(
  'a claim that was never acknowledged is given back, so that nobody waits for its lease',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    first.tap.hooks.claim = async (requests, next) => {
      await next(requests)
      return never()
    }
    const peer = new Peer()
    expect(await lab.code(first.once.run({ ...mail, leaseMs: 600_000 }, () => peer.do('mail')))).toBe(
      'STORE_UNAVAILABLE',
    )
    await lab.time.quiet()
    expect(lab.row(mail)).toMatchObject({ state: 'released', error: { code: 'CLAIM_ABANDONED' } })
    const beganMs = lab.time.elapsedMs
    expect(await lab.until(second.once.run(mail, () => peer.do('mail')))).toBe('mail #1')
    expect(lab.time.elapsedMs - beganMs).toBeLessThan(leaseMs)
  },
  ['abandoned-claim-keeps-its-lease'],
)

rule(
  'a takeover that was never acknowledged is given back as what it was: started',
  async (lab) => {
    const [dead, first] = [lab.worker(), lab.worker()]
    void dead.once.run(charge, () => never())
    await lab.time.quiet()
    dead.kill()
    first.tap.hooks.claim = async (requests, next) => {
      const reply = await next(requests)
      return requests[0]?.expect === undefined ? reply : never()
    }
    const patient: Intent = { ...charge, leaseMs: 600_000 }
    expect(await lab.code(first.once.run(patient, () => 'charged'))).toBe('STORE_UNAVAILABLE')
    await lab.time.quiet()
    expect(lab.row(charge)).toMatchObject({ state: 'started', attempt: 2, earlierUnknown: true })
    expect(lab.row(charge).leaseUntilMs).toBeLessThanOrEqual(lab.time.originMs + lab.time.elapsedMs)
  },
  ['abandoned-claim-keeps-its-lease'],
)

rule('a claim that arrives when it has been given up is given back all the same', async (lab) => {
  const { once, runtime, tap } = lab.worker({ storeTimeoutMs: 1000 })
  tap.hooks.claim = async (requests, next) => {
    await new Promise<void>((resolve) => void runtime.setTimer(1500, resolve))
    return next(requests)
  }
  expect(await lab.code(once.run({ ...mail, leaseMs: 600_000 }, () => 'sent'))).toBe('STORE_UNAVAILABLE')
  await lab.time.advance(3000)
  expect(lab.row(mail).state).toBe('released')
})

rule('a renewal that finds another owner aborts the effect', async (lab) => {
  const [zombie, heir] = [lab.worker(), lab.worker()]
  const door = gate<string>()
  let signal: AbortSignal | undefined
  const run = zombie.once.run(charge, (attempt) => {
    ;({ signal } = attempt)
    return door.pass()
  })
  await door.arrived
  zombie.runtime.isFrozen = true
  await lab.time.advance(leaseMs * 2)
  await lab.until(heir.once.run(charge, () => 'charged'))
  zombie.runtime.isFrozen = false
  expect(await lab.code(run)).toBe('LEASE_LOST')
  expect(signal?.aborted).toBe(true)
})

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
}

rule('who writes its unknown end twice, and finds that it happened, has the value', async (lab) => {
  const [owner, other] = [lab.worker(), lab.worker()]
  const verify = (): { happened: true; value: string } => ({ happened: true, value: 'shipped' })
  const safety = { kind: 'verifiable', verify, settleMs: 1 } as const
  const ship: Intent = { operation: 'ship', key: 'order-1', leaseMs, safety }
  let isAsked = false
  owner.tap.hooks.settle = async (requests, next) => {
    if (isAsked) return next(requests)
    isAsked = true
    await next(requests)
    await new Promise<void>((resolve) => void owner.runtime.setTimer(50, resolve))
    throw new StoreFault('lost', 'the connection broke')
  }
  const run = owner.once.run(ship, () => Promise.reject(new Error('cut')))
  await lab.time.advance(10)
  expect(await lab.until(other.once.run(ship, () => 'again'))).toBe('shipped')
  expect(await lab.until(run)).toBe('shipped')
  expect(owner.heard('succeeded')).toEqual([])
})
