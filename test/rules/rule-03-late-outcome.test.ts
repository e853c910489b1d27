import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(3)
const leaseMs = 10_000
const mail: Intent = { operation: 'mail', key: 'order-1', leaseMs }
const charge: Intent = { operation: 'charge', key: 'order-1', leaseMs, safety: 'keyed' }

rule(
  'an owner that slept past its lease settles its entry, while nobody has touched it',
  async (lab) => {
    const { once, runtime } = lab.worker()
    const door = gate<string>()
    const run = once.run(mail, () => door.pass())
    await door.arrived
    runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    door.open('sent')
    expect(await run.catch((error: unknown) => error)).toBe('sent')
    expect(lab.row(mail)).toMatchObject({ state: 'succeeded', attempt: 1 })
  },
  ['lapse-shuts-the-owner-out'],
)

rule(
  'the outcome of an owner ends the doubt that others were in meanwhile',
  async (lab) => {
    const [owner, other] = [lab.worker(), lab.worker()]
    const door = gate<string>()
    const run = owner.once.run(mail, () => door.pass())
    await door.arrived
    owner.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    expect(await lab.until(other.once.sweep())).toMatchObject({ doubted: 1 })
    door.open('sent')
    expect(await run.catch((error: unknown) => error)).toBe('sent')
    expect(lab.row(mail).state).toBe('succeeded')
  },
  ['doubt-shuts-the-owner-out', 'lapse-shuts-the-owner-out'],
)

rule('a definite failure of the owner ends a doubt as well', async (lab) => {
  const [owner, other] = [lab.worker(), lab.worker()]
  const door = gate()
  const run = owner.once.run(mail, () => door.pass())
  await door.arrived
  owner.runtime.isFrozen = true
  await lab.time.advance(leaseMs * 3)
  await lab.until(other.once.sweep())
  door.fail(new DefiniteFailure('no such address'))
  expect(await lab.code(run)).toBe('EFFECT_FAILED')
  expect(lab.row(mail).state).toBe('failed')
})

rule(
  'after a takeover the late outcome changes nothing, and is kept as an event and a record',
  async (lab) => {
    const [zombie, heir] = [lab.worker(), lab.worker()]
    const door = gate<string>()
    const run = zombie.once.run(charge, () => door.pass())
    await door.arrived
    zombie.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    expect(await lab.until(heir.once.run(charge, () => 'by the heir'))).toBe('by the heir')
    const settled = lab.row(charge)
    door.open('by the zombie')
    const error = await run.catch((thrown: unknown) => thrown)
    expect(lab.row(charge)).toEqual(settled)
    expect(error).toMatchObject({ code: 'LEASE_LOST' })
    expect(zombie.heard('late_outcome')).toMatchObject([
      { outcome: 'succeeded', state: 'succeeded', fence: { epoch: 1, attempt: 1 } },
    ])
    const [record] = [...lab.rows.records].filter(([name]) => name.startsWith('late-outcomes\u0000'))
    expect(JSON.parse(record?.[1].body ?? '{}')).toMatchObject({
      ref: settled.ref,
      outcome: 'succeeded',
      fence: { epoch: 1, attempt: 1 },
      worker: zombie.once.worker,
    })
  },
  ['late-outcome-is-dropped'],
)

rule(
  'a takeover that is still running keeps the entry when the zombie comes back',
  async (lab) => {
    const [zombie, heir] = [lab.worker(), lab.worker()]
    const [first, second] = [gate<string>(), gate<string>()]
    const late = zombie.once.run(charge, () => first.pass()).catch((error: unknown) => error)
    await first.arrived
    zombie.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    const run = heir.once.run(charge, () => second.pass())
    await second.arrived
    first.fail(new DefiniteFailure('declined'))
    await late
    expect(lab.row(charge)).toMatchObject({ state: 'started', attempt: 2 })
    second.open('charged')
    expect(await lab.until(run)).toBe('charged')
  },
  ['late-outcome-overwrites'],
)

rule(
  'who lost the lease hears so at once, and what the effect comes to later is still written',
  async (lab) => {
    const { once, runtime, tap } = lab.worker()
    const peer = new Peer()
    const door = gate()
    const run = once.run(mail, async () => {
      await door.pass()
      return peer.do('mail')
    })
    await door.arrived
    tap.hooks.renew = (requests) =>
      Promise.resolve({ nowMs: runtime.wallMs(), results: requests.map(() => ({ kind: 'lost' })) })
    expect(await lab.code(run)).toBe('LEASE_LOST')
    expect(lab.row(mail).state).toBe('started')
    door.open()
    await lab.time.quiet()
    expect(lab.row(mail).state).toBe('succeeded')
    expect(await lab.until(once.run(mail, () => peer.do('mail')))).toBe('mail #1')
  },
)

rule("the heir's own outcome is no late one", async (lab) => {
  const [zombie, heir] = [lab.worker(), lab.worker()]
  const door = gate<string>()
  void zombie.once.run(charge, () => door.pass()).catch(() => undefined)
  await door.arrived
  zombie.kill()
  await lab.until(heir.once.run(charge, () => 'charged'))
  expect(heir.heard('late_outcome')).toEqual([])
})
