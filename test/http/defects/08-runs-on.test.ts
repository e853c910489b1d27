import { expect } from 'vitest'
import { Peer } from '../../support/peer.ts'
import { defect } from '../support/sentences.ts'

defect(8)(
  'behind a replay no handler runs, and no header of the client makes one of a first request',
  async (lab) => {
    const peer = new Peer()
    const service = lab.service()
    const headers = { 'idempotency-replayed': 'true', 'x-idempotent-replayed': 'true' }
    const handler = (): object => ({ status: 201, body: peer.do('charge') })
    expect((await service.ask({ key: 'k', headers, handler })).by).toBe('handler')
    expect((await service.ask({ key: 'k', headers, handler })).by).toBe('replay')
    await lab.time.advance(60_000)
    expect(peer.journal).toHaveLength(1)
  },
)
