import { expect } from 'vitest'
import { DefiniteFailure } from '../../src/kernel/errors.ts'
import { gate } from '../support/gate.ts'
import { sentence } from './support/sentences.ts'

sentence(
  'an answer that the route calls ambiguous is sent, puts the key in doubt, and is never run again',
  async (lab) => {
    const service = lab.service({ profile: 'acp' })
    const handler = (): object => ({ status: 503, body: 'the bank did not answer' })
    expect(await service.ask({ key: 'k', handler })).toMatchObject({ status: 503, by: 'handler' })
    expect(await service.ask({ key: 'k', handler })).toMatchObject({ status: 409, by: 'in-doubt' })
    expect(service.runs).toBe(1)
  },
  ['everything-is-final', 'ambiguous-frees-the-key'],
)

sentence('a doubt that a person has ended is answered with what the person says', async (lab) => {
  const service = lab.service()
  const handler = (): never => {
    throw new Error('timeout')
  }
  await service.ask({ key: 'k', handler })
  const { once } = service.worker
  const { doubts } = await lab.lab.until(once.doubts.list())
  const ref = doubts[0]?.ref ?? ''
  const value = { status: 201, headers: [['content-type', 'text/plain']], text: 'charged' }
  await lab.lab.until(
    once.doubts.resolve(ref, { happened: true, value, by: 'Ada', because: 'it is in the bank statement' }),
  )
  expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'replay', text: 'charged' })
  expect(service.runs).toBe(1)
})

sentence(
  'an answer in which nothing began is not kept',
  async (lab) => {
    const service = lab.service({ profile: 'stripe-v1' }, { tombstoneMs: 0 })
    const handler = (): object => ({ status: 429 })
    expect(await service.ask({ key: 'k', handler })).toMatchObject({ status: 429, by: 'handler' })
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'handler' })
  },
  ['everything-is-final'],
)

sentence(
  'a definite failure that a handler throws is final: it is told the same way each time',
  async (lab) => {
    const service = lab.service()
    const handler = (): never => {
      throw new DefiniteFailure('the card was declined', { code: 'CARD_DECLINED' })
    }
    const first = await service.ask({ key: 'k', handler })
    expect(first).toMatchObject({ status: 409, by: 'failed' })
    expect(JSON.parse(first.text)).toMatchObject({ code: 'CARD_DECLINED' })
    expect((await service.ask({ key: 'k', handler })).text).toBe(first.text)
    expect(service.runs).toBe(1)
  },
)

sentence('under stripe-v1 a handler that throws is answered 500, and that is replayed', async (lab) => {
  const service = lab.service({ profile: 'stripe-v1' }, { tombstoneMs: 0 })
  const handler = (): never => {
    throw new Error('secret of the house')
  }
  const first = await service.ask({ key: 'k', handler })
  expect([first.status, first.by, first.text.includes('secret')]).toEqual([500, 'handler', false])
  expect(await service.ask({ key: 'k', handler })).toMatchObject({ by: 'replay', text: first.text })
})

sentence('a mismatch is answered 400 under stripe-v1, and 422 elsewhere', async (lab) => {
  for (const [profile, status] of [
    ['stripe-v1', 400],
    ['checkout.com', 422],
  ] as const) {
    const service = lab.service({ profile }, { tombstoneMs: 0 })
    await service.ask({ key: profile })
    expect(await service.ask({ key: profile, body: '{}' })).toMatchObject({ status, by: 'key-reused' })
  }
})

sentence('checkout.com keeps successes only', async (lab) => {
  const service = lab.service({ profile: 'checkout.com' })
  await service.ask({ key: 'k', handler: () => ({ status: 422 }) })
  expect((await service.ask({ key: 'k' })).by).toBe('handler')
  expect((await service.ask({ key: 'k' })).by).toBe('replay')
})

sentence(
  'oasis: a request that was first sent outside the window is refused, one without its date is malformed',
  async (lab) => {
    const service = lab.service({ profile: 'oasis' })
    const headers = (sentMs: number): Record<string, string> => ({
      'repeatability-request-id': 'r-1',
      'repeatability-first-sent': new Date(sentMs).toUTCString(),
    })
    const nowMs = service.worker.runtime.wallMs()
    expect((await service.ask({ headers: headers(nowMs) })).by).toBe('handler')
    expect((await service.ask({ headers: headers(nowMs) })).by).toBe('replay')
    expect(await service.ask({ headers: headers(nowMs - 25 * 60 * 60 * 1000) })).toMatchObject({
      status: 412,
      by: 'key-expired',
    })
    expect(await service.ask({ headers: { 'repeatability-request-id': 'r-1' } })).toMatchObject({
      status: 400,
      by: 'key-malformed',
    })
  },
  ['tracked-for-ever'],
)

sentence(
  'ietf-07-strict takes strings in double quotes only',
  async (lab) => {
    const service = lab.service({ profile: 'ietf-07-strict' })
    expect((await service.ask({ key: 'bare' })).by).toBe('key-malformed')
    expect((await service.ask({ key: '"quoted"' })).by).toBe('handler')
  },
  ['strict-takes-anything'],
)

sentence('acp requires a key of every POST', async (lab) => {
  const service = lab.service({ profile: 'acp' })
  expect(await service.ask()).toMatchObject({ status: 400, by: 'key-missing' })
  expect((await service.ask({ method: 'PATCH' })).by).toBe('unguarded')
})

sentence('a request whose caller nobody names is refused', async (lab) => {
  const service = lab.service()
  expect(await service.ask({ key: 'k', caller: '' })).toMatchObject({ status: 403, by: 'caller-unknown' })
  expect(service.runs).toBe(0)
})

sentence(
  'long keys, callers and paths have room: what does not fit stands there by its digest',
  async (lab) => {
    const service = lab.service()
    const long = 'é'.repeat(120)
    for (const asked of [
      { key: 'k'.repeat(255) },
      { key: 'k', caller: long },
      { key: 'k', path: `/orders/${long}` },
      { key: `"${'k'.repeat(255)}"`, caller: long, path: `/orders/${long}` },
    ]) {
      expect((await service.ask(asked)).by).toBe('handler')
      expect((await service.ask(asked)).by).toBe('replay')
    }
    expect((await service.ask({ key: 'k'.repeat(256) })).by).toBe('key-malformed')
  },
)

sentence(
  'a handler that does not answer in time is given up on; what it answers later ends the doubt',
  async (lab) => {
    const service = lab.service({ timeoutMs: 5000 })
    const door = gate()
    const first = service.send({
      key: 'k',
      handler: async () => {
        await door.pass()
        return { status: 201, body: 'late' }
      },
    })
    await door.arrived
    await lab.time.advance(5000)
    expect(await first).toMatchObject({ status: 504, by: 'no-answer' })
    expect((await service.ask({ key: 'k' })).by).toBe('in-doubt')
    door.open()
    await lab.time.quiet()
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'replay', text: 'late' })
    expect(service.runs).toBe(1)
  },
)

sentence(
  'while work is in progress, one who may wait gets its answer, and waits no longer than told',
  async (lab) => {
    const service = lab.service({ waitMs: 3000 })
    const door = gate()
    const asked = {
      key: 'k',
      handler: async () => {
        await door.pass()
        return { body: 'done' }
      },
    }
    const first = service.send(asked)
    await door.arrived
    const patient = service.send(asked)
    await lab.time.advance(3000)
    expect(await patient).toMatchObject({ status: 409, by: 'in-progress' })
    const second = service.send(asked)
    await lab.time.quiet()
    door.open()
    expect((await lab.lab.until(first)).by).toBe('handler')
    expect(await lab.lab.until(second)).toMatchObject({ by: 'replay', text: 'done' })
  },
)

sentence(
  'a service that stops while a handler runs does not say that nothing was carried out',
  async (lab) => {
    const [service, other] = [lab.service({ leaseMs: 1000 }), lab.service({ leaseMs: 1000 })]
    const door = gate()
    const running = service.send({
      key: 'k',
      handler: async () => {
        await door.pass()
        return {}
      },
    })
    await door.arrived
    void service.worker.once.close({ graceMs: 100 })
    await lab.time.advance(2000)
    expect(await running).toMatchObject({ status: 409, by: 'in-doubt' })
    expect(await service.ask({ key: 'another' })).toMatchObject({ status: 503, by: 'store-unavailable' })
    await lab.time.advance(2000)
    expect((await other.ask({ key: 'k' })).by).toBe('in-doubt')
  },
)
