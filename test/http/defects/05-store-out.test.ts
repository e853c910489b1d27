import { expect } from 'vitest'
import { never } from '../../support/tapped-store.ts'
import { defect } from '../support/sentences.ts'

const storeTimeoutMs = 2000

defect(5)(
  'with the store out nothing runs, and the answer comes within the store’s patience',
  async (lab) => {
    const service = lab.service({}, { storeTimeoutMs })
    await service.ask({ key: 'before' })
    service.worker.tap.hooks.claim = () => never()
    const beganMs = lab.time.elapsedMs
    const told = await service.ask({ key: 'k' })
    expect([told.status, told.by, told.headers['retry-after']]).toEqual([503, 'store-unavailable', '1'])
    expect(lab.time.elapsedMs - beganMs).toBeLessThanOrEqual(storeTimeoutMs)
    expect(service.runs).toBe(1)
  },
)

defect(5)(
  'only where the service says so does a handler run unprotected, and that is counted',
  async (lab) => {
    const service = lab.service({ onStoreOutage: 'run' }, { storeTimeoutMs })
    await service.ask({ key: 'before' })
    service.worker.tap.hooks.claim = () => never()
    expect(await service.ask({ key: 'k' })).toMatchObject({ status: 201, by: 'handler' })
    expect(service.worker.heard('unguarded')).toHaveLength(1)
  },
)
