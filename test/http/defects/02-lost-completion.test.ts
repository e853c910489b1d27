import { expect } from 'vitest'
import { StoreFault } from '../../../src/ledger/store.ts'
import { Peer } from '../../support/peer.ts'
import { defect } from '../support/sentences.ts'

const leaseMs = 1000

defect(2)(
  'where the outcome cannot be written, the caller is not told success, and no retry performs the effect again',
  async (lab) => {
    const peer = new Peer()
    const [first, second] = [lab.service({ leaseMs }, { storeTimeoutMs: 500 }), lab.service({ leaseMs })]
    first.worker.tap.hooks.settle = () => Promise.reject(new StoreFault('unavailable', 'disk full'))
    const handler = (): object => ({ status: 201, body: peer.do('charge') })
    const told = await first.ask({ key: 'k', handler })
    expect([told.status, told.by]).toEqual([409, 'in-doubt'])
    await lab.time.advance(leaseMs * 3)
    expect((await second.ask({ key: 'k', handler })).by).toBe('in-doubt')
    expect(peer.journal).toHaveLength(1)
  },
  ['lapsed-blind-runs'],
)
