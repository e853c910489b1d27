import { expect } from 'vitest'
import { KeyedPeer } from '../../support/peer.ts'
import { defect } from '../support/sentences.ts'

const hourMs = 60 * 60 * 1000

defect(15)(
  'a key is not sent again once the provider may have forgotten it',
  async (lab) => {
    const provider = new KeyedPeer(24 * hourMs, () => lab.time.elapsedMs)
    const options = { safety: { kind: 'keyed', keyLifetimeMs: 24 * hourMs } as const }
    const [first, second] = [lab.service(options), lab.service(options)]
    void first.send({
      key: 'k',
      handler: ({ effectKey }) => {
        provider.do(effectKey)
        first.worker.kill()
        return new Promise(() => undefined)
      },
    })
    await lab.time.advance(25 * hourMs)
    const told = await second.ask({
      key: 'k',
      handler: ({ effectKey }) => ({ body: provider.do(effectKey) }),
    })
    expect(told.by).toBe('in-doubt')
    expect(provider.journal).toHaveLength(1)
  },
  ['key-lifetime-ignored'],
)
