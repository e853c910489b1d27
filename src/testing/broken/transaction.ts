import { refOf } from '../../kernel/ids.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { SettleRequest, Store, TransactionResult } from '../../ledger/store.ts'
import type { Break, Mutant } from './wrap.ts'

type Transaction = NonNullable<Store['transaction']>

const together = "a transaction commits the caller's rows and the entry's outcome together"
const anotherOwner =
  "a transaction whose entry has another owner by now is rolled back, the caller's rows too"
const ended = 'a transaction on an entry that has ended, or is not there, is rolled back'

export const brokenTransactions: readonly Mutant[] = [
  {
    id: 'outcome-after-commit',
    breaks: "commits the caller's rows first and the outcome afterwards",
    caughtBy: [anotherOwner, ended],
    broken: transacting(async (store, work, prepare) => {
      const done = await beside(store, work)
      const outcome = await settled(store, prepare(done.value))
      return outcome === undefined ? { kind: 'rolled-back' } : { ...done, entry: outcome }
    }),
  },
  {
    id: 'outcome-before-work',
    breaks: "writes the outcome outside, and rolls the caller's rows back",
    caughtBy: [together],
    broken: transacting(async (store, work, prepare) => {
      const values: unknown[] = []
      const rollBack = (value: unknown): SettleRequest => {
        values.push(value)
        throw new Error('rolled back')
      }
      await store.transaction?.(work, rollBack).catch(() => undefined)
      const [value] = values
      const entry = await settled(store, prepare(value))
      return entry === undefined ? { kind: 'rolled-back' } : { kind: 'committed', value, entry }
    }),
  },
  {
    id: 'outcome-forgotten',
    breaks: "commits the caller's rows and forgets the outcome",
    caughtBy: [together],
    broken: transacting((store, work) => beside(store, work)),
  },
  {
    id: 'failed-work-commits',
    breaks: 'commits what the work had written before it threw',
    caughtBy: ['a transaction whose work throws writes nothing and throws the same'],
    broken: transacting(async (store, work, prepare) => {
      let thrown: unknown
      const caught = (client: unknown): unknown => {
        try {
          const value = work(client)
          return value instanceof Promise ? value.catch((error: unknown) => (thrown = error)) : value
        } catch (error) {
          thrown = error
          return undefined
        }
      }
      const good = await store.transaction?.(work, prepare).catch(() => undefined)
      if (good !== undefined) return good
      await beside(store, caught)
      throw thrown
    }),
  },
  {
    id: 'unprepared-commits',
    breaks: "commits the caller's rows when no outcome could be prepared",
    caughtBy: ['a transaction whose outcome cannot be prepared writes nothing'],
    broken: transacting(async (store, work, prepare) => {
      const done = await beside(store, work)
      const entry = await settled(store, prepare(done.value))
      return entry === undefined ? { kind: 'rolled-back' } : { ...done, entry }
    }),
  },
  {
    id: 'rolls-back-neighbours',
    breaks: 'rolls back what was claimed beside a transaction that is rolled back',
    caughtBy: ['what is written beside a transaction stays, whether it commits or not'],
    broken: (store) => {
      const during = new Set<string>()
      const lost = new Set<string>()
      const transaction: Transaction = async (work, prepare) => {
        if (store.transaction === undefined) throw new TypeError('no transactions')
        const result = await store.transaction(work, prepare)
        if (result.kind === 'rolled-back') for (const ref of during) lost.add(ref)
        return result
      }
      return {
        transaction,
        claim: (requests) => {
          for (const { ref } of requests) during.add(ref)
          return store.claim(requests)
        },
        read: async (refs) => {
          const good = await store.read(refs)
          const kept = (row: Entry | undefined): Entry | undefined =>
            row !== undefined && lost.has(row.ref) ? undefined : row
          return { ...good, results: good.results.map(kept) }
        },
      }
    },
  },
]

type Work = (client: unknown) => unknown
type Prepare = (value: unknown) => SettleRequest

function transacting(
  transact: (store: Store, work: Work, prepare: Prepare) => Promise<TransactionResult<unknown>>,
): Break {
  return (store) => ({
    transaction: ((work: Work, prepare: Prepare) => transact(store, work, prepare)) as unknown as Transaction,
  })
}

/** Commits what `work` writes together with some other entry, which nobody asked about. */
async function beside(
  store: Store,
  work: Work,
): Promise<Extract<TransactionResult<unknown>, { kind: 'committed' }>> {
  const key = `beside-${Math.random()}`
  const identity = { ref: refOf('beside', 'beside', key), scope: 'beside', operation: 'beside', key }
  const owner = key
  const claim = {
    ...identity,
    fingerprint: '',
    safety: 'blind',
    to: 'started',
    owner,
    leaseMs: 60_000,
    retainMs: 60_000,
  } as const
  const [result] = (await store.claim([claim])).results
  if (result?.kind !== 'claimed' || store.transaction === undefined)
    throw new TypeError('A good store is needed.')
  const written = {
    ownerWrite: 1,
    to: 'succeeded',
    round: 0,
    earlierUnknown: false,
    endsLease: true,
  } as const
  const outcome = { ref: identity.ref, owner, attempt: 1, ...written, valueKept: true, digest: key }
  const done = await store.transaction<unknown>(work, () => outcome)
  if (done.kind !== 'committed') throw new TypeError('A good store is needed.')
  return done
}

async function settled(store: Store, request: SettleRequest): Promise<Entry | undefined> {
  const [result] = (await store.settle([request])).results
  return result?.kind === 'settled' ? result.entry : undefined
}
