import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { openInstance } from '../../src/drills/instance.ts'
import { callOnce } from '../../src/drills/call.ts'
import { useStage } from './stages.ts'

/** Rule 10: a process that stands still before its COMMIT keeps its own row, and nobody else waiting. */
describe('a row that an open transaction has changed on postgres', () => {
  const stage = useStage('postgres')

  it('keeps neither its neighbours waiting nor, beyond their patience, those who call for it', async () => {
    const { storeUrl, settings, peer } = stage()
    const instance = await openInstance({ storeUrl, settings, peer: peer.client, onEvent: () => {} })
    const [locked, free] = ['locked', 'free'].map((key) => ({ workload: 'keyed', key }) as const)
    if (locked === undefined || free === undefined) throw new Error('two works were made')
    const { receipt: first } = await callOnce(instance, locked)
    const other = new Client({ connectionString: storeUrl })
    await other.connect()
    await other.query('BEGIN')
    // As a settle does it: its row moves in an index, so that its key is there twice until the COMMIT.
    await other.query('UPDATE onceward_entries SET state = 1, lease_until_ms = 0, subject = $1', ['moved'])
    try {
      const answers = await Promise.all(
        [locked, free].map((work) => callOnce(instance, work, { waitMs: 1_000 })),
      )
      expect(answers.map(({ receipt }) => receipt?.state)).toEqual(['succeeded', 'succeeded'])
      expect(answers[0]?.receipt).toMatchObject({ ref: first?.ref, replayed: true })
    } finally {
      await other.query('ROLLBACK')
      await other.end()
      await instance.once.close()
    }
  })
})
