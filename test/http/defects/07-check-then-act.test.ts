import { expect } from 'vitest'
import { delay } from '../../../src/kernel/runtime.ts'
import { Peer } from '../../support/peer.ts'
import { defect } from '../support/sentences.ts'

defect(7)(
  'of twenty callers in two processes, with a store that takes 2 ms, one performs the effect',
  async (lab) => {
    const peer = new Peer()
    const [first, second] = [lab.service(), lab.service()]
    for (const { worker } of [first, second]) {
      worker.tap.hooks.claim = async (request, next) => {
        await delay(worker.runtime, 2)
        const reply = await next(request)
        await delay(worker.runtime, 2)
        return reply
      }
    }
    const handler = (): object => ({ status: 201, body: peer.do('charge') })
    const told = await lab.lab.until(
      Promise.all(
        Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? first : second).send({ key: 'k', handler })),
      ),
    )
    expect(peer.journal).toHaveLength(1)
    expect(told.filter((one) => one.by === 'handler')).toHaveLength(1)
    expect(told.every((one) => one.status === 201 || one.status === 409)).toBe(true)
  },
)
