import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { OncewardEvent } from '../../src/ledger/events.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { gate } from '../support/gate.ts'
import { labs } from '../support/labs.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const leaseMs = 1000
const charge: Intent = {
  operation: 'charge',
  key: ['order', 1],
  subject: 'order:1',
  leaseMs,
  input: { amount: 1 },
}

function told(events: readonly OncewardEvent[]): string[] {
  return events.map((event) => ('verdict' in event ? `${event.type} (${event.verdict})` : event.type))
}

describe('events', () => {
  it('tell the life of an ordinary call, and of a replay', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { charge: { onTwin: 'off' } } })
    await lab.until(worker.once.run(charge, () => 'paid'))
    await lab.until(worker.once.run(charge, () => 'again'))
    expect(told(worker.events)).toEqual(['claimed (run)', 'effect_started', 'succeeded', 'replayed (replay)'])
  })

  it('carry key, worker, fence and the time in microseconds', async () => {
    const lab = newLab()
    const worker = lab.worker()
    await lab.time.advance(1.25)
    await lab.until(worker.once.run(charge, () => 'paid'))
    const { ref, key } = lab.row(charge)
    for (const event of worker.events) {
      expect(event).toMatchObject({
        worker: worker.once.worker,
        ref,
        key,
        scope: 'default',
        operation: 'charge',
        subject: 'order:1',
        fence: { epoch: 1, attempt: 1 },
        atUs: lab.time.originMs * 1000 + 1250,
      })
    }
  })

  it('let a race be read off the logs of all workers: one run, one wait, one replay', async () => {
    const lab = newLab()
    const workers = [lab.worker(), lab.worker(), lab.worker()]
    const door = gate<string>()
    const runs = workers.map((worker) => worker.once.run(charge, () => door.pass()))
    await lab.time.advance(100)
    door.open('paid')
    await lab.until(Promise.all(runs))
    const log = workers.flatMap((worker) => worker.events).toSorted((a, b) => a.atUs - b.atUs)
    const verdicts = log.flatMap((event) => ('verdict' in event ? [event.verdict] : []))
    expect(verdicts.filter((verdict) => verdict === 'run')).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict === 'wait')).toHaveLength(2)
    expect(verdicts.filter((verdict) => verdict === 'replay')).toHaveLength(2)
    expect(verdicts.indexOf('run')).toBeLessThan(verdicts.indexOf('replay'))
  })

  it('tell of a takeover, of the lease that was lost and of the late outcome', async () => {
    const lab = newLab()
    const [zombie, heir] = [lab.worker(), lab.worker()]
    const keyed: Intent = { ...charge, safety: 'keyed' }
    const door = gate<string>()
    const late = zombie.once.run(keyed, () => door.pass()).catch(() => undefined)
    await door.arrived
    zombie.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 2)
    await lab.until(heir.once.run(keyed, () => 'paid'))
    expect(heir.heard('claimed')).toMatchObject([{ takeover: true, fence: { epoch: 1, attempt: 2 } }])
    zombie.runtime.isFrozen = false
    await lab.time.advance(leaseMs)
    expect(zombie.heard('lease_lost')).toHaveLength(1)
    door.open('paid late')
    await late
    await lab.time.quiet()
    expect(zombie.heard('late_outcome')).toMatchObject([{ outcome: 'succeeded', fence: { attempt: 1 } }])
  })

  it.each<readonly [string, string, Intent, () => unknown]>([
    ['failed', 'EFFECT_FAILED', charge, () => Promise.reject(new DefiniteFailure('no'))],
    [
      'released',
      'EFFECT_FAILED',
      { ...charge, retry: 'on-failure' },
      () => Promise.reject(new DefiniteFailure('no')),
    ],
    ['in_doubt', 'IN_DOUBT', charge, () => Promise.reject(new Error('cut'))],
    [
      'outcome_unknown',
      'OUTCOME_UNKNOWN',
      { ...charge, safety: 'keyed' },
      () => Promise.reject(new Error('cut')),
    ],
  ])('tell that an attempt ended: %s', async (...[type, code, intent, effect]) => {
    const lab = newLab()
    const worker = lab.worker()
    expect(await lab.code(worker.once.run(intent, effect))).toBe(code)
    expect(told(worker.events).filter((one) => one === type)).toHaveLength(1)
  })

  it('tell each refusal with its code: another input, a twin, an unstable key, a running entry', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { mail: { onTwin: 'refuse' } } })
    const { once } = worker
    await lab.until(once.run(charge, () => 'paid'))
    await lab.code(once.run({ ...charge, input: 2 }, () => 'again'))
    const mail: Intent = { operation: 'mail', key: 'a', subject: 'order:1', input: 1 }
    await lab.until(once.run(mail, () => 'sent'))
    await lab.code(once.run({ ...mail, key: 'b' }, () => 'sent'))
    await lab.code(once.run({ ...mail, key: `mail-${lab.time.originMs}` }, () => 'sent'))
    void once.run({ ...charge, key: 'busy' }, () => never())
    await lab.time.quiet()
    await lab.code(once.run({ ...charge, key: 'busy', onConcurrent: 'reject' }, () => 'again'))
    const other = lab.worker()
    await lab.code(other.once.run({ ...charge, key: 'busy', onConcurrent: 'reject' }, () => 'again'))
    expect(worker.heard('refused').map((event) => event.code)).toEqual([
      'KEY_REUSED',
      'KEY_TWIN',
      'KEY_UNSTABLE',
      'IN_PROGRESS',
    ])
    expect(other.heard('refused').map((event) => event.code)).toEqual(['IN_PROGRESS'])
  })

  it('tell of doubts, of who asked the target, and of who resolved them', async () => {
    const lab = newLab()
    const [dead, worker] = [lab.worker(), lab.worker()]
    void dead.once.run(charge, () => never())
    await lab.time.quiet()
    dead.kill()
    await lab.time.advance(leaseMs)
    await lab.until(worker.once.sweep())
    await lab.code(worker.once.run(charge, () => 'again'))
    await lab.until(
      worker.once.doubts.resolve(charge, { happened: true, by: 'Ada', because: 'the statement' }),
    )
    expect(told(worker.events)).toEqual(['in_doubt', 'swept', 'doubted (doubt)', 'resolved'])
    expect(worker.heard('resolved')).toMatchObject([
      { state: 'succeeded', by: 'Ada', because: 'the statement' },
    ])
  })

  it('tell of steps and renewals', async () => {
    const lab = newLab()
    const worker = lab.worker()
    const door = gate<string>()
    const run = worker.once.run({ ...charge, steps: true }, (attempt) =>
      attempt.step('pay', () => door.pass()),
    )
    await lab.time.advance(leaseMs)
    door.open('paid')
    await lab.until(run)
    expect(worker.heard('renewed').length).toBeGreaterThan(0)
    expect(worker.heard('step_started')).toMatchObject([{ step: 'pay' }])
    expect(worker.heard('step_finished')).toMatchObject([{ step: 'pay', outcome: 'succeeded' }])
  })

  it('never show an input or a result', async () => {
    const lab = newLab()
    const worker = lab.worker({ operations: { mail: { steps: true } } })
    const secret = 'secret-4242'
    const intent: Intent = { operation: 'charge', key: 'a', input: { secret } }
    await lab.until(worker.once.run(intent, () => ({ secret })))
    await lab.until(worker.once.run(intent, () => ({ secret })))
    await lab.code(worker.once.run({ ...intent, key: 'b' }, () => ({ secret, bad: 10n })))
    const mail: Intent = { operation: 'mail', key: 'a', input: secret }
    await lab.until(worker.once.run(mail, (attempt) => attempt.step('x', { input: secret }, () => secret)))
    expect(JSON.stringify(worker.events)).not.toContain(secret)
  })

  it('are counted, listeners or none, and a listener that throws changes no outcome', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    once.on('*', () => {
      throw new Error('no')
    })
    expect(await lab.until(once.run(charge, () => 'paid'))).toBe('paid')
    expect(await lab.until(once.run(charge, () => 'again'))).toBe('paid')
    expect(once.counts()).toMatchObject({ claimed: 1, effect_started: 1, succeeded: 1, replayed: 1 })
  })
})
