import type { Lineage, SettleRequest, TransactionResult } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import { checkLineageOn } from './lineage.ts'
import type { Settle } from './settle.ts'

export interface TransactionWork<T> {
  readonly work: (transaction: unknown) => T | Promise<T>
  readonly prepare: (value: T) => SettleRequest
  readonly lineage: Lineage | undefined
}

class NotOurs extends Error {}

/**
 * Rule 10: the caller's statements and the entry's record in one transaction. The settle is the last statement before
 * COMMIT, so the entry's row is locked only for that long; where it changes no row, everything is rolled back.
 *
 * What `work` throws is thrown on after the ROLLBACK. A fault before COMMIT was sent means that nothing was written;
 * `lost` means that COMMIT was sent and nobody knows.
 */
export function runTransaction<T>(
  database: Database,
  settle: Settle,
  { work, prepare, lineage }: TransactionWork<T>,
): Promise<TransactionResult<T>> {
  return database.session(async (session) => {
    const wrote = lineage ?? database.writes
    try {
      return await session.transaction(async () => {
        const value = await work(session.client)
        const entry = await settle.inside({ session, phase: 'inside', wrote }, prepare(value))
        if (entry === undefined) throw new NotOurs('the entry is not ours any more')
        return { kind: 'committed', value, entry }
      })
    } catch (error) {
      if (!(error instanceof NotOurs)) throw error
      await checkLineageOn(session, database, wrote)
      return { kind: 'rolled-back' }
    }
  })
}
