import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt, Effect } from '../../src/ledger/onceward.ts'
import type { SafetyKind } from '../../src/ledger/safety.ts'
import { gate } from '../support/gate.ts'
import { Peer } from '../support/peer.ts'
import { never } from '../support/tapped-store.ts'
import { ruleTests } from './rule.ts'

const rule = ruleTests(9)
const leaseMs = 1000
const order: Intent = { operation: 'order', key: 'order-1', leaseMs, steps: true }

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** One step after the other; each effect takes at least a turn of the event loop. */
function sequential(count: number, safety: 'keyed' | 'blind'): Effect<number> {
  return async (attempt) => {
    for (let index = 0; index < count; index += 1) {
      await attempt.step(`step ${index}`, { safety }, async () => {
        await turn()
        await turn()
        return index
      })
    }
    return count
  }
}

for (const count of [1, 2, 7]) {
  rule(
    `${count} sequential blind steps cost a claim and ${count} + 1 writes`,
    async (lab) => {
      const { once, tap } = lab.worker()
      await lab.until(once.run(order, sequential(count, 'blind')))
      expect(tap.requests('claim')).toHaveLength(1)
      expect(tap.requests('settle')).toHaveLength(count + 1)
    },
    count > 1 ? ['outcome-travels-alone'] : [],
  )

  rule(`${count} sequential keyed steps cost a claim and ${count} writes`, async (lab) => {
    const { once, tap } = lab.worker()
    await lab.until(once.run(order, sequential(count, 'keyed')))
    expect(tap.requests('claim')).toHaveLength(1)
    expect(tap.requests('settle')).toHaveLength(count)
  })
}

rule('an outcome that the next step does not take along is written alone, and at once', async (lab) => {
  const { once } = lab.worker()
  const door = gate()
  const run = once.run(order, async (attempt) => {
    await attempt.step('charge', { safety: 'keyed' }, () => 'paid')
    await door.pass()
  })
  await door.arrived
  await lab.time.quiet()
  expect(lab.row(order).steps?.steps).toMatchObject([{ name: 'charge', state: 'succeeded', value: '"paid"' }])
  door.open()
  await lab.until(run)
})

rule(
  'a blind step does not begin before its start is on record: after a crash it is in doubt, not done again',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const body =
      (then: () => unknown): Effect<unknown> =>
      (attempt) =>
        attempt.step('mail', { safety: 'blind' }, () => {
          peer.do('mail')
          return then()
        })
    void first.once.run(order, body(never))
    await lab.time.quiet()
    first.kill()
    expect(
      await lab.code(
        second.once.run(
          order,
          body(() => 'sent'),
        ),
      ),
    ).toBe('IN_DOUBT')
    expect(peer.count('mail')).toBe(1)
    expect(lab.row(order)).toMatchObject({
      state: 'in_doubt',
      doubt: { why: expect.stringContaining('mail') },
    })
  },
  ['step-starts-are-not-written'],
)

rule(
  'steps that are done are replayed after a crash, with their values, and the rest is run',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const body =
      (last: () => unknown): Effect<unknown> =>
      async (attempt) => {
        const charged = await attempt.step('charge', { safety: 'blind' }, () => ({ id: peer.do('charge') }))
        const empty = await attempt.step('note', { safety: 'blind' }, () => void peer.do('note'))
        await last()
        return [charged, empty, await attempt.step('mail', { safety: 'blind' }, () => peer.do('mail'))]
      }
    void first.once.run(order, body(never))
    await lab.time.advance(1)
    first.kill()
    const value = await lab.until(
      second.once.run(
        order,
        body(() => undefined),
      ),
    )
    expect(value).toEqual([{ id: 'charge #1' }, undefined, 'mail #3'])
    expect(peer.journal).toEqual(['charge', 'note', 'mail'])
    expect(second.heard('step_replayed').map((event) => event.step)).toEqual(['charge', 'note'])
  },
)

rule(
  'parallel steps are all kept, and all replayed',
  async (lab) => {
    const [first, second] = [lab.worker(), lab.worker()]
    const peer = new Peer()
    const names = ['a', 'b', 'c', 'd']
    const body =
      (last: () => unknown): Effect<unknown> =>
      async (attempt) => {
        const values = await Promise.all(
          names.map((name) =>
            attempt.step(name, { safety: 'blind' }, async () => {
              await turn()
              peer.do(name)
              return name.toUpperCase()
            }),
          ),
        )
        await last()
        return values
      }
    void first.once.run(order, body(never))
    await lab.time.advance(1)
    first.kill()
    const run = second.once
      .run(
        order,
        body(() => undefined),
      )
      .catch((error: unknown) => error)
    expect(await lab.until(run)).toEqual(['A', 'B', 'C', 'D'])
    expect(peer.journal.toSorted()).toEqual(names)
  },
  ['step-writes-overwrite-each-other'],
)

rule('a verifiable step is asked for by name after a crash; what happened is not done again', async (lab) => {
  const [first, second] = [lab.worker(), lab.worker()]
  const peer = new Peer()
  const asked: (string | undefined)[] = []
  const verify = ({ step }: { step?: string }): { happened: boolean; value?: string } => {
    asked.push(step)
    return step === 'ship' ? { happened: true, value: 'shipped' } : { happened: false }
  }
  const safety = { kind: 'verifiable', verify: verify as never, settleMs: 100 } as const
  const body =
    (then: () => unknown): Effect<unknown> =>
    async (attempt) => {
      const names = ['ship', 'track']
      return Promise.all(
        names.map((name) =>
          attempt.step(name, { safety }, () => {
            peer.do(name)
            return then()
          }),
        ),
      )
    }
  void first.once.run(order, body(never))
  await lab.time.advance(1)
  first.kill()
  expect(
    await lab.until(
      second.once.run(
        order,
        body(() => 'again'),
      ),
    ),
  ).toEqual(['shipped', 'again'])
  expect([...new Set(asked)]).toEqual(['ship', 'track'])
  expect(peer.journal).toEqual(['ship', 'track', 'track'])
})

rule(
  'a step that ends without a known outcome leaves the entry in doubt, even if the body goes on',
  async (lab) => {
    const { once } = lab.worker()
    const run = once.run(order, async (attempt) => {
      await attempt
        .step('mail', { safety: 'blind' }, () => Promise.reject(new Error('cut')))
        .catch(() => 'no')
      return 'done'
    })
    expect(await lab.code(run)).toBe('IN_DOUBT')
  },
)

rule('a step that nobody waited for is waited for before the entry ends', async (lab) => {
  const { once, runtime } = lab.worker()
  const run = once.run(order, (attempt) => {
    void attempt.step('mail', { safety: 'blind' }, async () => {
      await new Promise<void>((resolve) => void runtime.setTimer(500, resolve))
      return 'sent'
    })
    return 'done'
  })
  expect(await lab.until(run)).toBe('done')
  expect(lab.row(order).steps?.steps).toMatchObject([{ name: 'mail', state: 'succeeded' }])
})

rule('a definite failure of a step can be handled by the body', async (lab) => {
  const { once } = lab.worker()
  const run = once.run(order, async (attempt) => {
    const failing = (): never => {
      throw new DefiniteFailure('no stock')
    }
    const first = await attempt.step('reserve', { safety: 'blind' }, failing).catch(() => 'no stock')
    return [first, await attempt.step('back-order', { safety: 'blind' }, () => 'ordered')]
  })
  expect(await lab.until(run)).toEqual(['no stock', 'ordered'])
  expect(lab.row(order).steps?.steps.map((step) => step.state)).toEqual(['failed', 'succeeded'])
})

const misuse: Readonly<Record<string, readonly [string, (attempt: Attempt) => Promise<unknown>]>> = {
  'a name that was used before in this attempt': [
    'STEP_INVALID',
    async (attempt) => {
      await attempt.step('charge', () => 1)
      return attempt.step('charge', () => 2)
    },
  ],
  'an empty name': ['OPTION_INVALID', (attempt) => attempt.step('', () => 1)],
  'a name of 101 bytes': ['OPTION_INVALID', (attempt) => attempt.step('x'.repeat(101), () => 1)],
  'something that is no function': ['OPTION_INVALID', (attempt) => attempt.step('charge', 42 as never)],
  'an input that is not JSON': [
    'INPUT_INVALID',
    (attempt) => attempt.step('charge', { input: { at: Number.NaN } }, () => 1),
  ],
  'transactional safety': [
    'OPTION_INVALID',
    (attempt) => attempt.step('charge', { safety: 'transactional' }, () => 1),
  ],
}

for (const [what, [code, body]] of Object.entries(misuse)) {
  rule(`a step with ${what} is refused with ${code}`, async (lab) => {
    const { once } = lab.worker()
    expect(await lab.code(once.run(order, body))).toBe(code)
  })
}

rule('a step of an operation without steps is refused with STEP_INVALID, and is not run', async (lab) => {
  const { once } = lab.worker()
  const peer = new Peer()
  const plain: Intent = { operation: 'plain', key: 'order-1', safety: 'keyed' }
  const run = once.run(plain, (attempt) => attempt.step('charge', () => peer.do('charge')))
  expect(await lab.code(run)).toBe('STEP_INVALID')
  expect(peer.journal).toEqual([])
})

rule('an entry has at most 1,000 steps', async (lab) => {
  const { once } = lab.worker({ maxResultBytes: 1_000_000 })
  const peer = new Peer()
  const run = once.run(order, async (attempt) => {
    for (let index = 0; index < 1001; index += 1) {
      await attempt.step(`${index}`, { safety: 'keyed' }, () => void peer.do('step'))
    }
  })
  expect(await lab.code(run)).toBe('STEP_INVALID')
  expect(peer.count('step')).toBe(1000)
})

rule('a step whose result was not kept stops the resumption with RESULT_TOO_LARGE', async (lab) => {
  const [first, second] = [lab.worker({ maxResultBytes: 1000 }), lab.worker({ maxResultBytes: 1000 })]
  const peer = new Peer()
  const body =
    (then: () => unknown): Effect<unknown> =>
    async (attempt) => {
      const report = await attempt.step('report', { safety: 'blind' }, () => {
        peer.do('report')
        return 'x'.repeat(2000)
      })
      peer.do(`length ${report.length}`)
      return then()
    }
  void first.once.run(order, body(never))
  await lab.time.advance(1)
  first.kill()
  expect(peer.journal).toEqual(['report', 'length 2000'])
  for (let tries = 0; tries < 2; tries += 1) {
    expect(
      await lab.code(
        second.once.run(
          order,
          body(() => 'done'),
        ),
      ),
    ).toBe('RESULT_TOO_LARGE')
  }
  expect(peer.count('report')).toBe(1)
})

rule('results are kept only while all of the entry stays within maxResultBytes', async (lab) => {
  const { once, heard } = bounded(lab)
  await lab.until(
    once.run(order, async (attempt) => {
      for (const name of ['a', 'b', 'c', 'd']) {
        await attempt.step(name, { safety: 'blind' }, () => '"'.repeat(200))
      }
    }),
  )
  const row = lab.row(order)
  const kept = row.steps?.steps.filter((step) => step.notKept !== true)
  expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(2000)
  expect(kept).toHaveLength(1)
  expect(heard('result_not_kept').length).toBeGreaterThan(0)
})

function bounded(
  lab: Parameters<Parameters<typeof rule>[1]>[0],
): Pick<ReturnType<typeof lab.worker>, 'once' | 'heard'> {
  const worker = lab.worker({ maxResultBytes: 2000 })
  return { once: worker.once, heard: (type) => worker.heard(type) }
}

const kinds: readonly SafetyKind[] = ['keyed', 'blind']

for (const kind of kinds) {
  rule(`the receipt shows ${kind} steps with their times, and never their values`, async (lab) => {
    const { once } = lab.worker()
    const receipt = await lab.until(
      once.execute(order, (attempt) => attempt.step('charge', { safety: kind }, () => 'secret')),
    )
    expect(receipt.steps).toEqual([
      {
        name: 'charge',
        state: 'succeeded',
        attempts: 1,
        startedAt: '2026-01-15T12:00:00.000Z',
        finishedAt: '2026-01-15T12:00:00.000Z',
      },
    ])
  })
}
