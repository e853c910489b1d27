import { utf8 } from '../../kernel/bytes.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { SettleRequest, TransactionResult } from '../../ledger/store.ts'
import { check, has, isKind, same } from '../assert.ts'
import type { StoreBench } from '../bench.ts'
import type { ContractCase } from '../contract.ts'

export const transactionCases: readonly ContractCase[] = [
  {
    title: "a transaction commits the caller's rows and the entry's outcome together",
    needs: 'transactions',
    async run(bench) {
      const row = await bench.fresh({ safety: 'transactional' })
      const result = await transact(bench, row, { value: utf8('"done"') })
      isKind(result, 'committed', 'the transaction')
      same(result.value, 'from the work', 'what the work returned')
      has(result.entry, { state: 'succeeded', value: utf8('"done"'), rev: row.rev + 1 }, 'the row')
      await bench.unchanged(result.entry, 'the transaction itself')
      same(await bench.userRows.list(), [row.key], "the caller's rows")
    },
  },
  {
    title: "a transaction whose entry has another owner by now is rolled back, the caller's rows too",
    needs: 'transactions',
    async run(bench) {
      const old = await bench.fresh({ safety: 'transactional' })
      const row = await bench.takenOver(old)
      isKind(await transact(bench, old), 'rolled-back', 'the transaction of the owner before')
      await bench.unchanged(row, 'a transaction that was rolled back')
      same(await bench.userRows.list(), [], "the caller's rows")
    },
  },
  {
    title: 'a transaction on an entry that has ended, or is not there, is rolled back',
    needs: 'transactions',
    async run(bench) {
      for (const state of ['succeeded', 'failed', 'released', 'tombstone'] as const) {
        const row = await bench.inState(state)
        isKind(await transact(bench, row), 'rolled-back', `a transaction on an entry that is ${state}`)
        await bench.unchanged(row, 'a transaction that was rolled back')
      }
      const row = await bench.fresh()
      isKind(
        await transact(bench, { ...row, ref: bench.claimOf().ref }),
        'rolled-back',
        'a transaction on an absent entry',
      )
      same(await bench.userRows.list(), [], "the caller's rows")
    },
  },
  {
    title: 'a transaction whose work throws writes nothing and throws the same',
    needs: 'transactions',
    async run(bench) {
      const row = await bench.fresh({ safety: 'transactional' })
      const thrown = new Error('the work failed')
      const work = (transaction: unknown): unknown => {
        const inserted = bench.userRows.insert(transaction, row.key)
        if (inserted === undefined) throw thrown
        return inserted.then(() => Promise.reject(thrown))
      }
      const outcome = await bench.store
        .transaction?.(work, () => bench.settleOf(row))
        .catch((error: unknown) => error)
      check(outcome === thrown, 'the transaction throws what the work threw')
      await bench.unchanged(row, 'a transaction whose work failed')
      same(await bench.userRows.list(), [], "the caller's rows")
      isKind(await transact(bench, row), 'committed', 'the next transaction')
    },
  },
  {
    title: 'a transaction whose outcome cannot be prepared writes nothing',
    needs: 'transactions',
    async run(bench) {
      const row = await bench.fresh({ safety: 'transactional' })
      const thrown = new Error('no outcome')
      const prepare = (): SettleRequest => {
        throw thrown
      }
      const work = (transaction: unknown): void | Promise<void> => bench.userRows.insert(transaction, row.key)
      const outcome = await bench.store.transaction?.(work, prepare).catch((error: unknown) => error)
      check(outcome === thrown, 'the transaction throws what prepare threw')
      await bench.unchanged(row, 'a transaction without an outcome')
      same(await bench.userRows.list(), [], "the caller's rows")
    },
  },
  {
    title: 'what is written beside a transaction stays, whether it commits or not',
    needs: 'transactions',
    async run(bench) {
      const [good, bad] = [await bench.fresh(), await bench.fresh()]
      const beside = Array.from({ length: 5 }, () => bench.claim(bench.claimOf()))
      const [committed, rolledBack] = await Promise.all([
        transact(bench, good),
        transact(bench, { ...bad, attempt: 9 }),
        ...beside,
      ])
      isKind(committed, 'committed', 'the good transaction')
      isKind(rolledBack, 'rolled-back', 'the bad one')
      for (const claimed of await Promise.all(beside)) {
        isKind(claimed, 'claimed', 'a claim beside them')
        await bench.unchanged(claimed.entry, 'the transactions')
      }
      same(await bench.userRows.list(), [good.key], "the caller's rows")
    },
  },
]

/** Writes a row of the caller's own, named after the key, and settles the entry. */
async function transact(
  bench: StoreBench,
  row: Entry,
  outcome: Partial<SettleRequest> = {},
): Promise<TransactionResult<string>> {
  const work = (client: unknown): string | Promise<string> => {
    const inserted = bench.userRows.insert(client, row.key)
    return inserted === undefined ? 'from the work' : inserted.then(() => 'from the work')
  }
  const result = await bench.store.transaction?.(work, () => bench.settleOf(row, outcome))
  check(result !== undefined, 'the store has transaction()')
  return result
}
