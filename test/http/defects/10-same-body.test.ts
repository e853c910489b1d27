import { expect } from 'vitest'
import { defect } from '../support/sentences.ts'

defect(10)(
  'two keys with the same body are two pieces of work',
  async (lab) => {
    const service = lab.service()
    expect((await service.ask({ key: 'k-1' })).by).toBe('handler')
    expect((await service.ask({ key: 'k-2' })).by).toBe('handler')
    expect(service.runs).toBe(2)
  },
  ['key-by-body'],
)
