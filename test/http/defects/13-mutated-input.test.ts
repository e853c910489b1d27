import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

defect(13)(
  'what the handler does to its input changes nothing: identity is frozen at the claim',
  async (lab) => {
    const service = lab.service()
    const body = Buffer.from('{"sku":"a-1"}')
    const headers: Record<string, string> = { 'idempotency-key': 'k' }
    const first = await service.ask({
      headers,
      body,
      handler: () => {
        body.fill(0)
        headers['idempotency-key'] = 'another'
        return { status: 201, body: 'done' }
      },
    })
    expect(first.by).toBe('handler')
    expect(await service.ask({ key: 'k' })).toMatchObject({ by: 'replay', text: 'done' })
    expect((await service.ask({ key: 'another' })).by).toBe('handler')
    expect(service.runs).toBe(2)
  },
)
