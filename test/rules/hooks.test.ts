import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyRing } from '../../src/seal.ts'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt } from '../../src/ledger/onceward.ts'
import type { Lab } from '../support/lab.ts'
import { labs } from '../support/labs.ts'

const newLab = labs()

const charge: Intent = { operation: 'charge', key: 'order-1' }
const order: Intent = { operation: 'order', key: 'order-1', steps: true }
const card = { last4: '4242', number: '4242424242424242' }

function masked(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'number' in value
    ? { ...value, number: 'redacted' }
    : value
}

function everythingKept(lab: Lab): string {
  return [...lab.rows.rows.values()]
    .map((row) => `${JSON.stringify(row)}${Buffer.from(row.value ?? []).toString('latin1')}`)
    .join('')
}

describe('redaction', () => {
  it('changes what is kept and replayed; the first caller gets the whole value', async () => {
    const lab = newLab()
    const { once } = lab.worker({ redact: masked })
    expect(await lab.until(once.run(charge, () => card))).toEqual(card)
    expect(await lab.until(once.run(charge, () => 'again'))).toEqual({ ...card, number: 'redacted' })
    expect(everythingKept(lab)).not.toContain(card.number)
  })

  it('is told the operation and the step', async () => {
    const lab = newLab()
    const about: unknown[] = []
    const { once } = lab.worker({
      redact: (value, asked) => {
        about.push(asked)
        return value
      },
    })
    await lab.until(once.run(order, (attempt) => attempt.step('pay', () => 1)))
    expect(about).toEqual([{ operation: 'order', step: 'pay' }, { operation: 'order' }])
  })

  it('holds for steps, and for those who wait in the same process', async () => {
    const lab = newLab()
    const { once } = lab.worker({ redact: masked })
    const pay = (attempt: Attempt): Promise<unknown> => attempt.step('pay', () => card)
    const [first, second] = await lab.until(Promise.all([once.run(order, pay), once.run(order, pay)]))
    expect(first).toEqual(card)
    expect(second).toEqual({ ...card, number: 'redacted' })
    expect(everythingKept(lab)).not.toContain(card.number)
  })
})

describe('encryption', () => {
  const [k1, k2] = [randomBytes(32), randomBytes(32)]
  const sealed = { seal: keyRing({ current: 'k1', keys: { k1 } }) }

  it('keeps results and step results from the store, and replays them', async () => {
    const lab = newLab()
    const { once } = lab.worker(sealed)
    await lab.until(once.run(charge, () => card))
    await lab.until(once.run(order, (attempt) => attempt.step('pay', () => card)))
    expect(everythingKept(lab)).not.toContain('4242')
    expect(await lab.until(once.run(charge, () => 'again'))).toEqual(card)
    expect(await lab.until(once.lookup(order))).toMatchObject({ value: card })
  })

  it('replays sealed steps to a resumed attempt', async () => {
    const lab = newLab()
    const { once } = lab.worker(sealed)
    const body = (isCut: boolean) => async (attempt: Attempt) => {
      const paid = await attempt.step('pay', { safety: 'blind' }, () => card)
      if (isCut) throw new Error('cut')
      return paid
    }
    expect(await lab.code(once.run(order, body(true)))).toBe('OUTCOME_UNKNOWN')
    expect(await lab.until(once.run(order, body(false)))).toEqual(card)
  })

  it('opens what an older key sealed after a rotation', async () => {
    const lab = newLab()
    await lab.until(lab.worker(sealed).once.run(charge, () => card))
    const rotated = { seal: keyRing({ current: 'k2', keys: { k1, k2 } }) }
    expect(await lab.until(lab.worker(rotated).once.run(charge, () => 'again'))).toEqual(card)
  })

  it.each([
    ['run', charge],
    ['a step', order],
  ])('without the key a replay of %s is RESULT_INVALID, and nothing runs again', async (_, intent) => {
    const lab = newLab()
    const done: string[] = []
    const effect = (attempt: Attempt): unknown => {
      const pay = (): object => {
        done.push('paid')
        return card
      }
      return intent.steps === true ? attempt.step('pay', { safety: 'blind' }, pay) : pay()
    }
    const cut = async (attempt: Attempt): Promise<never> => {
      await effect(attempt)
      throw new Error('cut')
    }
    const { once } = lab.worker(sealed)
    if (intent.steps === true) await lab.code(once.run(intent, cut))
    else await lab.until(once.run(intent, effect))
    const keyless = lab.worker({ seal: keyRing({ current: 'k2', keys: { k2 } }) })
    expect(await lab.code(keyless.once.run(intent, effect))).toBe('RESULT_INVALID')
    expect(done).toEqual(['paid'])
  })

  it('a result moved to another row is not opened', async () => {
    const lab = newLab()
    const { once } = lab.worker(sealed)
    await lab.until(once.run(charge, () => 'mine'))
    await lab.until(once.run({ ...charge, key: 'order-2' }, () => 'yours'))
    const [mine, yours] = [lab.row(charge), lab.row({ ...charge, key: 'order-2' })]
    const { value } = yours
    lab.rows.rows.set(mine.ref, { ...mine, ...(value === undefined ? {} : { value }) })
    expect(await lab.code(once.run(charge, () => 'again'))).toBe('RESULT_INVALID')
  })

  it('counts the sealed size against maxResultBytes', async () => {
    const lab = newLab()
    const { once } = lab.worker({ ...sealed, maxResultBytes: 30 })
    await lab.until(once.run(charge, () => 'x'.repeat(20)))
    expect(await lab.code(once.run(charge, () => 'again'))).toBe('RESULT_TOO_LARGE')
  })
})

describe('parse', () => {
  const parse = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || !('id' in value)) throw new Error('no id')
    return { ...value, parsed: true }
  }

  it('checks and converts what is replayed, and not what was just made', async () => {
    const lab = newLab()
    const { once } = lab.worker({ operations: { charge: { parse } } })
    expect(await lab.until(once.run(charge, () => ({ id: 1 })))).toEqual({ id: 1 })
    expect(await lab.until(once.run(charge, () => 'again'))).toEqual({ id: 1, parsed: true })
  })

  it("lets yesterday's shape fail with a code", async () => {
    const lab = newLab()
    await lab.until(lab.worker().once.run(charge, () => ({ identifier: 1 })))
    const { once } = lab.worker({ operations: { charge: { parse } } })
    expect(await lab.error(once.run(charge, () => 'again'))).toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringContaining('no id'),
    })
    expect(await lab.until(once.execute(charge, () => 'again'))).toMatchObject({
      state: 'succeeded',
      error: { code: 'RESULT_INVALID' },
    })
  })
})
