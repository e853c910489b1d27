import { describe, expect, it } from 'vitest'
import type { Entry } from '../../src/ledger/entry.ts'
import { drawPlan } from '../../src/simulation/draw.ts'
import { keys } from '../../src/simulation/keys.ts'
import { Losses } from '../../src/simulation/losses.ts'
import { Machine } from '../../src/simulation/machine.ts'
import { type Plan, times } from '../../src/simulation/plan.ts'
import { Scheduler } from '../../src/simulation/scheduler.ts'
import { Watch } from '../../src/simulation/watch.ts'

const crashedAtMs = 20_000
const promotedAtMs = 20_100
/** The new epoch waits so long for those who recall. */
const untilMs = promotedAtMs + times.recallWaitMs

/** A database that has lost one commit of `by` about key 0, and a moment that can be set. */
class Failover {
  nowMs = promotedAtMs
  readonly by: Machine
  readonly losses: Losses
  readonly watch: Watch

  constructor(given: Partial<Plan> = {}, atMs: number = crashedAtMs - 10, state: Entry['state'] = 'started') {
    const drawn = drawPlan(1, { safety: 'blind', replication: 'async' })
    const plan: Plan = { ...drawn, keys: 1, ...given }
    const scheduler = new Scheduler(() => 0.5)
    this.by = new Machine(scheduler, { slot: 0, incarnation: 0, seed: 1 })
    this.watch = new Watch({
      plan,
      nowMs: () => this.nowMs,
      journal: [],
      ownRows: [],
      onBreach: () => undefined,
      isConflict: () => false,
      onOtherInput: () => undefined,
      isTooLate: () => false,
    })
    this.losses = new Losses(this.watch)
    const ref = keys[0]?.ref ?? ''
    const value = Buffer.from('{"effect":"e1","input":0}')
    const after = { ref, state, owner: 'one', value } as unknown as Entry
    this.watch.keys[0]?.given.set(value.toString(), new Set([this.by]))
    const changes = [{ ref, before: undefined, after }]
    const commit = { method: 'settle', by: this.by, refs: [ref], changes, writesBefore: 0, atMs }
    this.losses.onPromote([commit], crashedAtMs)
  }

  comes(atMs: number): void {
    this.nowMs = atMs
    this.losses.onContact(this.by, 2)
  }

  recalls(atMs: number): void {
    this.comes(atMs)
    this.losses.onRecall(this.by, 0)
  }

  /** What an effect that happened once more is taken for. */
  excuse(isExcusable = true): string | undefined {
    return this.losses.excuseOf({ invariant: 'I1', key: 0, what: 'twice', atMs: this.nowMs, isExcusable })
  }
}

describe('a repeated effect is a loss of asynchronous replication only where its own condition holds', () => {
  it('who knew of it died, or was closed', () => {
    const dead = new Failover()
    dead.by.kill()
    expect(dead.excuse()).toBe('worker-lost-with-primary')
    const closed = new Failover()
    closed.by.isClosed = true
    expect(closed.excuse()).toBe('worker-lost-with-primary')
  })

  it('but not where it had told of it before it died', () => {
    const told = new Failover()
    told.recalls(untilMs)
    told.by.kill()
    expect(told.excuse()).toBeUndefined()
  })

  it('nor where it lived, came in time, and did not tell', () => {
    const mute = new Failover()
    mute.comes(promotedAtMs + 50)
    expect(mute.excuse()).toBeUndefined()
    const never = new Failover()
    expect(never.excuse()).toBeUndefined()
  })

  it('its worker stood still for longer than the wait', () => {
    const silent = new Failover()
    silent.by.stoppedFromMs = promotedAtMs
    silent.by.stoppedUntilMs = untilMs + 1
    silent.recalls(untilMs + 1)
    expect(silent.excuse()).toBe('worker-silent')
  })

  it('but not where it came to itself with time to spare', () => {
    const awake = new Failover()
    awake.by.stoppedFromMs = promotedAtMs
    awake.by.stoppedUntilMs = promotedAtMs + 2_000
    awake.recalls(untilMs + 1)
    expect(awake.excuse()).toBeUndefined()
  })

  it('nor where it had had the time to tell before it stood still', () => {
    const late = new Failover()
    late.comes(promotedAtMs + 10)
    late.by.stoppedFromMs = promotedAtMs + 5_000
    late.by.stoppedUntilMs = untilMs + 5_000
    expect(late.excuse()).toBeUndefined()
  })

  it('the commit was older than recallMs, and no younger', () => {
    const old = new Failover({}, crashedAtMs - times.recallMs - 1)
    expect(old.excuse()).toBe('older-than-recall')
    const young = new Failover({}, crashedAtMs - times.recallMs)
    expect(young.excuse()).toBeUndefined()
  })

  it.each([
    ['a synchronous standby', { replication: 'sync' }],
    ['transactional work', { safety: 'transactional' }],
    ['a keyed target that has not forgotten the key', { safety: 'keyed' }],
  ] as const)('never with %s', (_what, given) => {
    const failover = new Failover(given)
    failover.by.kill()
    expect(failover.excuse()).toBeUndefined()
  })

  it('never where no failover can be to blame, and never for another key', () => {
    const failover = new Failover()
    failover.by.kill()
    expect(failover.excuse(false)).toBeUndefined()
    const other = { invariant: 'I1', key: 1, what: 'twice', atMs: 0, isExcusable: true } as const
    expect(failover.losses.excuseOf(other)).toBeUndefined()
  })
})

describe('an answer out of a commit that is no more', () => {
  it('breaks I2 where its writer gave it and the standby is synchronous', () => {
    const { watch, losses } = new Failover({ replication: 'sync' }, crashedAtMs - 10, 'succeeded')
    expect(watch.breaches.map(({ invariant }) => invariant)).toEqual(['I2'])
    expect(losses.residuals).toEqual([])
  })

  it('is left to recall where the standby is not', () => {
    const { watch, losses } = new Failover({}, crashedAtMs - 10, 'succeeded')
    expect([watch.breaches, losses.residuals]).toEqual([[], []])
  })
})
