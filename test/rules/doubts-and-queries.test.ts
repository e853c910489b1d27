import { describe, expect, it } from 'vitest'
import type { Intent } from '../../src/ledger/intent.ts'
import type { Attempt, Decision } from '../../src/ledger/onceward.ts'
import type { Lab } from '../support/lab.ts'
import { labs } from '../support/labs.ts'
import { Peer } from '../support/peer.ts'

const newLab = labs()
const mail: Intent = { operation: 'mail', key: ['order', 1], subject: 'order:1' }
const yes: Decision = { happened: true, value: 'sent', by: 'Ada', because: 'it is in the outbox' }
const no: Decision = { happened: false, by: 'Ada', because: 'the outbox is empty' }

async function doubt(lab: Lab, intent: Intent = mail): Promise<void> {
  expect(await lab.code(lab.worker().once.run(intent, () => Promise.reject(new Error('cut'))))).toBe(
    'IN_DOUBT',
  )
}

describe('a person decides about a doubt', () => {
  it('yes: the value is replayed, and nothing runs', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    await doubt(lab)
    const receipt = await lab.until(once.doubts.resolve(mail, yes))
    expect(receipt).toMatchObject({ state: 'succeeded', value: 'sent' })
    expect(await lab.until(once.run(mail, () => 'again'))).toBe('sent')
    expect(lab.row(mail).resolution).toMatchObject({ by: 'Ada', because: 'it is in the outbox' })
  })

  it('no: the next call runs, with the same effect key', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const keys: string[] = []
    const cut = ({ effectKey }: Attempt): never => {
      keys.push(effectKey)
      throw new Error('cut')
    }
    await lab.code(once.run(mail, cut))
    expect(await lab.until(once.doubts.resolve(lab.row(mail).ref, no))).toMatchObject({ state: 'released' })
    await lab.until(once.run(mail, ({ effectKey }) => keys.push(effectKey)))
    expect(keys[1]).toBe(keys[0])
    expect(lab.row(mail)).toMatchObject({ state: 'succeeded', attempt: 2 })
  })

  it('once: of two who decide at once one hears CONFLICT', async () => {
    const lab = newLab()
    await doubt(lab)
    const codes = await Promise.all([
      lab.code(lab.worker().once.doubts.resolve(mail, yes)),
      lab.code(lab.worker().once.doubts.resolve(mail, no)),
    ])
    expect(codes.toSorted()).toEqual(['CONFLICT', 'ok'])
  })

  it('only where there is a doubt: CONFLICT or NOT_FOUND otherwise', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    expect(await lab.error(once.doubts.resolve(mail, yes))).toMatchObject({ code: 'NOT_FOUND' })
    await lab.until(once.run(mail, () => 'sent'))
    expect(await lab.error(once.doubts.resolve(mail, no))).toMatchObject({
      code: 'CONFLICT',
      details: { state: 'succeeded' },
    })
  })

  it('not from another scope', async () => {
    const lab = newLab()
    await doubt(lab)
    const { once } = lab.worker({ scope: 'other' })
    expect(await lab.code(once.doubts.resolve(lab.row(mail).ref, yes))).toBe('NOT_FOUND')
    expect(lab.row(mail).state).toBe('in_doubt')
  })

  it('of a stepped entry: done steps stay done, and open ones are forgotten', async () => {
    const lab = newLab()
    const { once } = lab.worker()
    const peer = new Peer()
    const order: Intent = { operation: 'order', key: 'a', steps: true }
    const body = (isCut: boolean) => async (attempt: Attempt) => {
      await attempt.step('charge', { safety: 'blind' }, () => peer.do('charge'))
      await attempt.step('mail', { safety: 'blind' }, () => {
        if (isCut) throw new Error('cut')
        return peer.do('mail')
      })
    }
    expect(await lab.code(once.run(order, body(true)))).toBe('IN_DOUBT')
    await lab.until(once.doubts.resolve(order, no))
    await lab.until(once.run(order, body(false)))
    expect(peer.journal).toEqual(['charge', 'mail'])
  })

  it.each<readonly [string, unknown]>([
    ['no decision', undefined],
    ['no answer', { by: 'Ada', because: 'x' }],
    ['an answer in words', { ...yes, happened: 'yes' }],
    ['nobody', { happened: true, because: 'x' }],
    ['an empty name', { ...yes, by: '' }],
    ['no reason', { happened: true, by: 'Ada' }],
    ['a name of 201 bytes', { ...yes, by: 'x'.repeat(201) }],
    ['a value that is not JSON', { ...yes, value: 10n }],
  ])('with %s it is OPTION_INVALID, and the doubt stays', async (_, decision) => {
    const lab = newLab()
    await doubt(lab)
    const { once } = lab.worker()
    expect(await lab.code(once.doubts.resolve(mail, decision as Decision))).toBe('OPTION_INVALID')
    expect(lab.row(mail).state).toBe('in_doubt')
  })
})

describe('lists', () => {
  async function fill(lab: Lab): Promise<void> {
    const { once } = lab.worker()
    for (let index = 0; index < 7; index += 1) {
      await lab.time.advance(1000)
      await lab.until(
        once.run(
          { operation: index % 2 ? 'mail' : 'charge', key: ['order', index], subject: 'order:1' },
          () => index,
        ),
      )
    }
    await lab.time.advance(1000)
    await doubt(lab, { ...mail, key: 'doubtful' })
  }

  it('show entries newest first, page by page, each once', async () => {
    const lab = newLab()
    await fill(lab)
    const { once } = lab.worker()
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await lab.until(once.entries({ limit: 3, ...(cursor === undefined ? {} : { cursor }) }))
      seen.push(...page.entries.map((entry) => entry.key))
      cursor = page.next
    } while (cursor !== undefined)
    expect(seen.slice(1)).toEqual(['6', '5', '4', '3', '2', '1', '0'].map((index) => ['order', index]))
    expect(new Set(seen.map(String)).size).toBe(8)
    expect(seen).toHaveLength(8)
  })

  it('filter by operation, key, subject, state and time', async () => {
    const lab = newLab()
    await fill(lab)
    const { once } = lab.worker()
    const count = async (query: Parameters<typeof once.entries>[0]): Promise<number> =>
      (await lab.until(once.entries(query))).entries.length
    const at = (seconds: number): Date => new Date(lab.time.originMs + seconds * 1000)
    expect(await count({})).toBe(8)
    expect(await count({ operation: 'charge' })).toBe(4)
    expect(await count({ operation: 'charge', key: ['order', 2] })).toBe(1)
    expect(await count({ subject: 'order:1' })).toBe(8)
    expect(await count({ subject: 'order:2' })).toBe(0)
    expect(await count({ state: 'in_doubt' })).toBe(1)
    expect(await count({ state: ['in_doubt', 'succeeded'] })).toBe(8)
    expect(await count({ from: at(2), to: at(4) })).toBe(2)
    expect(await count({ from: at(2).toISOString() })).toBe(7)
  })

  it('show doubts with why and since when', async () => {
    const lab = newLab()
    await fill(lab)
    const { doubts } = await lab.until(lab.worker().once.doubts.list())
    expect(doubts).toMatchObject([
      {
        key: 'doubtful',
        state: 'in_doubt',
        why: expect.stringContaining('cut'),
        since: '2026-01-15T12:00:08.000Z',
      },
    ])
  })

  it('show only the own scope', async () => {
    const lab = newLab()
    await fill(lab)
    const { once } = lab.worker({ scope: 'other' })
    expect((await lab.until(once.entries())).entries).toEqual([])
    expect(await lab.until(once.lookup(lab.row({ ...mail, key: 'doubtful' }).ref))).toBeUndefined()
  })
})
