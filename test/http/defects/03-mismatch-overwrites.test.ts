import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

defect(3)(
  'a mismatched request is refused and changes nothing: the first client is still answered as before',
  async (lab) => {
    const service = lab.service()
    const first = await service.ask({ key: 'k' })
    const swapped = await service.ask({ key: 'k', body: '{"sku":"b-2"}' })
    expect([swapped.status, swapped.by]).toEqual([422, 'key-reused'])
    expect(await service.ask({ key: 'k' })).toMatchObject({ by: 'replay', text: first.text })
    expect(service.runs).toBe(1)
  },
  ['fingerprint-without-body'],
)
