import { expect } from 'vitest'
import { StoreFault } from '../../../src/ledger/store.ts'
import { defect } from '../support/sentences.ts'

defect(12)(
  'a claim that was committed and whose answer was lost is recognised: the handler runs, once',
  async (lab) => {
    const service = lab.service()
    let isLost = true
    service.worker.tap.hooks.claim = async (request, next) => {
      const reply = await next(request)
      if (!isLost) return reply
      isLost = false
      throw new StoreFault('lost', 'connection reset')
    }
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'handler' })
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'replay' })
    expect(service.runs).toBe(1)
  },
)
