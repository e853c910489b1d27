import { describe, expect, it } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import { gate } from '../support/gate.ts'
import { labs } from '../support/labs.ts'
import { never } from '../support/tapped-store.ts'

const newLab = labs()
const charge: Intent = { operation: 'charge', key: ['order', 1], subject: 'order:1', leaseMs: 1000 }

describe('a receipt', () => {
  it('of a success has exactly these members', async () => {
    const lab = newLab()
    const { once } = lab.worker({ scope: 'shop' })
    const receipt = await lab.until(once.execute(charge, () => ({ id: 7 })))
    expect(receipt).toEqual({
      scope: 'shop',
      operation: 'charge',
      key: ['order', '1'],
      subject: 'order:1',
      ref: expect.stringMatching(/^[0-9a-z]{24}$/),
      state: 'succeeded',
      replayed: false,
      value: { id: 7 },
      attempts: 1,
      fence: { epoch: 1, attempt: 1 },
      claimedAt: '2026-01-15T12:00:00.000Z',
      finishedAt: '2026-01-15T12:00:00.000Z',
    })
    const again = await lab.until(once.execute(charge, () => 'again'))
    expect(again).toEqual({ ...receipt, replayed: true })
    expect(await lab.until(once.lookup(charge))).toEqual({ ...receipt, replayed: true })
    expect(await lab.until(once.lookup(receipt.ref))).toEqual({ ...receipt, replayed: true })
  })

  it('of a failure carries its error, and no value', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const declined = (): Promise<never> =>
      Promise.reject(new DefiniteFailure('declined', { code: 'card_declined' }))
    for (const replayed of [false, true]) {
      const receipt = await lab.until(once.execute(charge, declined))
      expect(receipt).toMatchObject({
        state: 'failed',
        replayed,
        error: { code: 'card_declined', message: 'declined' },
        finishedAt: '2026-01-15T12:00:00.000Z',
      })
      expect(receipt).not.toHaveProperty('value')
    }
  })

  it('in doubt says so, whether this call or an earlier one ran', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const cut = (): Promise<never> => Promise.reject(new Error('cut'))
    for (const replayed of [false, true]) {
      const receipt = await lab.until(once.execute(charge, cut))
      expect(receipt).toMatchObject({ state: 'in_doubt', replayed, error: { code: 'IN_DOUBT' } })
      expect(receipt).not.toHaveProperty('finishedAt')
    }
  })

  it('of an attempt without a known end is started, with OUTCOME_UNKNOWN', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const keyed: Intent = { ...charge, safety: 'keyed' }
    const receipt = await lab.until(once.execute(keyed, () => Promise.reject(new Error('cut'))))
    expect(receipt).toMatchObject({ state: 'started', replayed: false, error: { code: 'OUTCOME_UNKNOWN' } })
  })

  it('of a lost lease is of this call: it ran', async () => {
    const lab = newLab()
    const { once } = lab.worker({ maxRunMs: 500 })
    const receipt = await lab.until(once.execute(charge, () => never()))
    expect(receipt).toMatchObject({ state: 'started', replayed: false, error: { code: 'LEASE_LOST' } })
  })

  it('of work that somebody else does is IN_PROGRESS', async () => {
    const lab = newLab()
    const [first, second] = [lab.worker(), lab.worker()]
    const door = gate()
    void first.once.run(charge, () => door.pass())
    await door.arrived
    for (const { once } of [first, second]) {
      const receipt = await lab.until(once.execute({ ...charge, onConcurrent: 'reject' }, () => 'again'))
      expect(receipt).toMatchObject({ state: 'started', error: { code: 'IN_PROGRESS' } })
    }
  })

  it('counts all attempts, and its fence is that of the last', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const keyed: Intent = { ...charge, safety: 'keyed' }
    await lab.code(once.run(keyed, () => Promise.reject(new Error('cut'))))
    await lab.time.advance(5000)
    expect(await lab.until(once.execute(keyed, () => 'paid'))).toMatchObject({
      attempts: 2,
      fence: { epoch: 1, attempt: 2 },
      claimedAt: '2026-01-15T12:00:00.000Z',
      finishedAt: '2026-01-15T12:00:05.000Z',
    })
  })

  it('is thrown as an error only for misuse or outage', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    await lab.until(once.run(charge, () => 'paid'))
    expect(await lab.code(once.execute({ ...charge, input: 1 }, () => 'again'))).toBe('KEY_REUSED')
    expect(await lab.code(once.execute({ ...charge, key: '' }, () => 'again'))).toBe('KEY_INVALID')
  })
})
