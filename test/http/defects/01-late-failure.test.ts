import { expect } from 'vitest'
import { gate } from '../../support/gate.ts'
import { KeyedPeer, Peer } from '../../support/peer.ts'
import { defect } from '../support/sentences.ts'

const leaseMs = 1000

defect(1)(
  'a lease that lapses is no reason to run again, and who fails late deletes nothing',
  async (lab) => {
    const peer = new Peer()
    const door = gate()
    const [first, second, third] = [
      lab.service({ leaseMs }),
      lab.service({ leaseMs }),
      lab.service({ leaseMs }),
    ]
    void first.send({
      key: 'k',
      handler: async () => {
        peer.do('charge')
        await door.pass()
        throw new Error('timeout')
      },
    })
    await door.arrived
    first.worker.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    const handler = (): object => ({ body: peer.do('charge') })
    expect((await second.ask({ key: 'k', handler })).by).toBe('in-doubt')
    first.worker.runtime.isFrozen = false
    door.open()
    await lab.time.advance(leaseMs)
    expect((await third.ask({ key: 'k', handler })).by).toBe('in-doubt')
    expect(peer.journal).toHaveLength(1)
  },
  ['lapsed-blind-runs'],
)

defect(1)(
  'a keyed handler is taken over with the same effect key, and the late failure changes nothing',
  async (lab) => {
    const peer = new KeyedPeer(86_400_000, () => lab.time.elapsedMs)
    const door = gate()
    const options = { leaseMs, safety: 'keyed' as const }
    const [first, second, third] = [lab.service(options), lab.service(options), lab.service(options)]
    void first.send({
      key: 'k',
      handler: async (attempt) => {
        peer.do(attempt.effectKey)
        await door.pass()
        throw new Error('timeout')
      },
    })
    await door.arrived
    first.worker.runtime.isFrozen = true
    await lab.time.advance(leaseMs * 3)
    const handler = ({ effectKey }: { readonly effectKey: string }): object => ({ body: peer.do(effectKey) })
    const done = await second.ask({ key: 'k', handler })
    first.worker.runtime.isFrozen = false
    door.open()
    await lab.time.advance(leaseMs)
    expect(await third.ask({ key: 'k', handler })).toMatchObject({ by: 'replay', text: done.text })
    expect([peer.journal.length, peer.requests.length]).toEqual([1, 2])
  },
)
