import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

defect(16)(
  'a key that holds the present time is refused, because a retry would mint another',
  async (lab) => {
    const service = lab.service()
    const nowMs = service.worker.runtime.wallMs()
    for (const key of [String(nowMs), `order-${new Date(nowMs).toISOString()}`])
      expect(await service.ask({ key })).toMatchObject({ status: 400, by: 'key-unstable' })
    expect(service.runs).toBe(0)
  },
)

defect(16)(
  'fields that change with every attempt do not make another request of it',
  async (lab) => {
    const service = lab.service({ ignore: ['/sentAt', '/meta/token'] })
    const body = (sentAt: number): string =>
      JSON.stringify({ sku: 'a-1', sentAt, meta: { token: `t-${sentAt}`, shop: 1 } })
    const first = await service.ask({ key: 'k', body: body(1) })
    expect(await service.ask({ key: 'k', body: body(2) })).toMatchObject({ by: 'replay', text: first.text })
  },
  ['fingerprint-ignores-nothing'],
)

defect(16)(
  'a client that mints no key, or one per attempt, is caught by a natural key',
  async (lab) => {
    const naturalKey = (_: unknown, body: unknown): readonly string[] => [
      'partner',
      (body as { id: string }).id,
    ]
    const service = lab.service({ naturalKey, header: 'x-not-used' })
    const body = '{"id":"CUST_7890"}'
    const first = await service.ask({ key: 'minted-1', body })
    expect(await service.ask({ key: 'minted-2', body })).toMatchObject({ by: 'replay', text: first.text })
    expect(service.runs).toBe(1)
  },
  ['window-without-memory'],
)
