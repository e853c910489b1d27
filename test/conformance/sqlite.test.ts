import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { runStoreContract, StoreBench } from '../../src/testing/index.ts'
import { sqliteUnderTest } from './subjects.ts'

runStoreContract({ describe, it }, sqliteUnderTest)

describe('a transaction on SQLite', () => {
  it('refuses work that is not synchronous, and writes nothing of it', async () => {
    const bench = await StoreBench.open(sqliteUnderTest)
    try {
      const row = await bench.fresh({ safety: 'transactional' })
      const work = async (transaction: unknown): Promise<void> => {
        expect(transaction).toBeInstanceOf(DatabaseSync)
        await bench.userRows.insert(transaction, 'too early')
        throw new Error('too late')
      }
      const refused = bench.store.transaction?.(work, () => bench.settleOf(row))
      await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID' })
      await bench.unchanged(row, 'a transaction that was refused')
      expect(await bench.userRows.list()).toEqual([])
    } finally {
      await bench.end()
    }
  })
})
