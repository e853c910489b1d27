import { birthEpoch, type Entry } from '../../ledger/entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
  Lineage,
  Reply,
  SettleRequest,
  SettleResult,
  Store,
} from '../../ledger/store.ts'
import { claimRow, settleRow } from '../../ledger/transitions.ts'
import type { LedgerMutant } from './mutant.ts'

/** Sends every claim as `change` makes it. */
function claiming(change: (request: ClaimRequest) => ClaimRequest): NonNullable<LedgerMutant['store']> {
  return (store) => ({ ...store, claim: (requests, lineage) => store.claim(requests.map(change), lineage) })
}

type Expectation = NonNullable<ClaimRequest['expect']>

function expecting(change: (expect: Expectation) => Expectation): NonNullable<LedgerMutant['store']> {
  return claiming((request) =>
    request.expect === undefined ? request : { ...request, expect: change(request.expect) },
  )
}

/** What stands between the owner's write and the store: the row as it is, and the store's clock. */
interface Settling {
  readonly row: Entry | undefined
  readonly nowMs: number
}

/** Sends each settle as `change` makes it, or answers it with what `change` gives instead. */
function settling(
  change: (request: SettleRequest, at: Settling) => SettleRequest | SettleResult,
): NonNullable<LedgerMutant['store']> {
  return (store) => ({
    ...store,
    settle: (requests, lineage) =>
      settleChanged({ ...store, settle: (sent) => store.settle(sent, lineage) }, requests, change),
  })
}

async function settleChanged(
  store: Store,
  requests: readonly SettleRequest[],
  change: (request: SettleRequest, at: Settling) => SettleRequest | SettleResult,
): Promise<Reply<SettleResult>> {
  const { results: rows, nowMs } = await store.read(requests.map((request) => request.ref))
  const changed = requests.map((request, index) => change(request, { row: rows[index], nowMs }))
  const sent = changed.filter((one): one is SettleRequest => !('kind' in one))
  const reply = sent.length === 0 ? { nowMs, results: [] } : await store.settle(sent)
  const answers = [...reply.results]
  return {
    nowMs: reply.nowMs,
    results: changed.map((one) => ('kind' in one ? one : (answers.shift() as SettleResult))),
  }
}

/** The request without what the owner believes of the row. */
function unfounded({ known: _known, ...request }: SettleRequest): SettleRequest {
  return request
}

function isStepWrite(request: SettleRequest): boolean {
  return request.steps !== undefined && !request.endsLease && request.to === 'started'
}

/** Mutants between the ledger and its store. */
export const storeMutants: readonly LedgerMutant[] = [
  {
    id: 'takeover-forgets-the-unknown',
    rule: 2,
    breaks: 'does not write down that an earlier attempt has no known outcome',
    store: expecting((expect) => ({ ...expect, earlierUnknown: false })),
  },
  {
    id: 'lapse-shuts-the-owner-out',
    rule: 3,
    breaks: "refuses an owner's outcome because its lease has lapsed",
    store: settling((request, { row, nowMs }) =>
      row !== undefined && row.leaseUntilMs <= nowMs ? { kind: 'stale', entry: row } : request,
    ),
  },
  {
    id: 'doubt-shuts-the-owner-out',
    rule: 3,
    breaks: "refuses an owner's outcome because the entry was put in doubt meanwhile",
    store: settling((request, { row }) =>
      row?.state === 'in_doubt' ? { kind: 'stale', entry: row } : request,
    ),
  },
  {
    id: 'late-outcome-overwrites',
    rule: 3,
    breaks: 'lets an owner settle an entry that another one has taken over',
    store: settling((request, { row }) => {
      if (row === undefined) return request
      const { owner, attempt } = row
      return { ...unfounded(request), owner, attempt, ownerWrite: row.ownerWrite + 1 }
    }),
  },
  {
    id: 'late-outcome-is-dropped',
    rule: 3,
    breaks: 'keeps nothing of an outcome that came too late',
    store: (store) => ({ ...store, records: { ...store.records, append: () => Promise.resolve() } }),
  },
  {
    id: 'visible-counts-as-claimed',
    rule: 4,
    breaks: 'recognises its own claim by reading it, where only a write proves it durable',
    store: (store) => ({ ...store, claim: (requests, lineage) => claimVisible(store, requests, lineage) }),
  },
  {
    id: 'visible-counts-as-durable',
    rule: 4,
    breaks: 'replays by reading it an end that it was never acknowledged, and that need not be durable',
    store: settling((request, { row }) => {
      if (row === undefined || request.recognisesOnly !== true) return request
      const isApplied = row.ownerWrite === request.ownerWrite && (row.settledDigest ?? '') === request.digest
      return isApplied ? { kind: 'settled', entry: row } : request
    }),
  },
  {
    id: 'repeated-settle-is-refused',
    rule: 4,
    breaks: 'does not recognise its own write when it is sent again',
    store: settling((request, { row }) =>
      row?.ownerWrite === request.ownerWrite ? { kind: 'stale', entry: row } : request,
    ),
  },
  {
    id: 'finished-renewal-aborts',
    rule: 4,
    breaks: 'takes a renewal of what it has itself ended for a lost lease',
    store: (store) => ({
      ...store,
      renew: async (requests, lineage) => {
        const { nowMs, results } = await store.renew(requests, lineage)
        return {
          nowMs,
          results: results.map((one) => (one.kind === 'finished' ? { kind: 'lost' } : one)),
        }
      },
    }),
  },
  {
    id: 'abandoned-claim-keeps-its-lease',
    rule: 4,
    breaks: 'does not give back a claim that was never acknowledged',
    store: settling((request, { row }) =>
      request.error?.code === 'CLAIM_ABANDONED' ? { kind: 'stale', entry: row } : request,
    ),
  },
  {
    id: 'takeover-moves-first-send',
    rule: 5,
    breaks: "lets every takeover begin the effect key's life anew",
    store: expecting((expect) => ({ ...expect, keepsFirstSend: false })),
  },
  {
    id: 'outage-fails-open',
    rule: 7,
    breaks: 'runs the effect when the store cannot be reached',
    store: (store) => ({
      ...store,
      claim: (requests, lineage) =>
        store.claim(requests, lineage).catch(() => ({
          nowMs: 0,
          results: requests.map((request) => claimRow(undefined, request, { nowMs: 0, epoch: 1 })),
        })),
    }),
  },
  {
    id: 'renewals-queue-behind-claims',
    rule: 8,
    breaks: 'sends renewals only when no claim is on its way',
    store: renewingLast,
  },
  {
    id: 'others-judge-by-their-own-clock',
    rule: 8,
    breaks: "judges other owners' leases by the worker's clock, not by the store's",
    store: (store, runtime) => ({
      ...store,
      claim: async (requests, lineage) => ({
        ...(await store.claim(requests, lineage)),
        nowMs: runtime.wallMs(),
      }),
      read: async (refs) => ({ ...(await store.read(refs)), nowMs: runtime.wallMs() }),
    }),
  },
  {
    id: 'step-starts-are-not-written',
    rule: 9,
    breaks: 'begins a blind step without its start on record',
    store: settling((request, { row, nowMs }) => {
      const isStart = isStepWrite(request) && request.steps?.steps.at(-1)?.state === 'started'
      return isStart ? settleRow(row, request, { nowMs, epoch: row?.epoch ?? 1 }) : request
    }),
  },
  {
    id: 'step-writes-overwrite-each-other',
    rule: 9,
    breaks: 'writes of parallel steps keep only the step that was called last',
    store: settling((request) => {
      if (request.steps === undefined) return request
      return { ...request, steps: { ...request.steps, steps: request.steps.steps.slice(-1) } }
    }),
  },
  {
    id: 'stale-entry-commits',
    rule: 10,
    breaks: "commits the caller's rows although the entry was not ours any more",
    store: (store) => ({ ...store, transaction: transactStale(store) }),
  },
  {
    id: 'asynchronous-work-is-taken',
    rule: 10,
    breaks: 'commits before asynchronous work is done',
    store: (store) => ({ ...store, transaction: transactUnseen(store) }),
  },
  {
    id: 'transaction-on-any-store',
    rule: 10,
    breaks: 'runs the work and settles the entry one after the other on a store without transactions',
    store: (store) => ({
      ...store,
      isTransactional: true,
      transaction: transactApart(store),
    }),
  },
  {
    id: 'lost-commit-is-written-again',
    rule: 10,
    breaks: "writes the entry's success anew where its COMMIT, and the caller's rows with it, did not last",
    store: settling(({ recognisesOnly: _only, ...request }) => request),
  },
  {
    id: 'result-not-kept-frees-the-key',
    rule: 11,
    breaks: 'lets the work run again when its result could not be kept',
    store: settling((request) =>
      request.valueKept ? request : { ...request, to: 'released', endsLease: true },
    ),
  },
  {
    id: 'result-not-kept-is-not-marked',
    rule: 11,
    breaks: 'replays nothing as if it were the result',
    store: settling((request) => ({ ...request, valueKept: true })),
  },
  {
    id: 'close-releases-started-work',
    rule: 12,
    breaks: 'frees what has begun when the instance is closed',
    store: (store) => ({ ...store, close: () => releaseAndClose(store) }),
  },
  {
    id: 'recall-skipped',
    rule: 13,
    breaks: 'asserts nothing in a new epoch',
    store: (store) => ({
      ...store,
      recall: async (requests) => ({
        nowMs: (await store.read([])).nowMs,
        results: requests.map(({ entry }) => ({ kind: 'kept', entry })),
      }),
    }),
  },
  {
    id: 'recall-overwrites-newer-attempt',
    rule: 13,
    breaks: 'lets what it recalls win over an attempt that was started meanwhile',
    store: (store) => ({
      ...store,
      recall: async (requests, lineage) => {
        const { results: rows } = await store.read(requests.map(({ entry }) => entry.ref))
        const forced = requests.map(({ entry }, index) => {
          const row = rows[index]
          return row === undefined ? { entry } : { entry: { ...entry, ...ahead(row) } }
        })
        return store.recall(forced, lineage)
      },
    }),
  },
]

/** What makes an entry look like the next attempt after `row`, of the same owner. */
function ahead(row: Entry): Pick<Entry, 'owner' | 'epoch' | 'claimedEpoch' | 'attempt'> {
  const { owner, epoch, attempt } = row
  return { owner, epoch, claimedEpoch: birthEpoch(row), attempt: attempt + 1 }
}

async function claimVisible(
  store: Store,
  requests: readonly ClaimRequest[],
  lineage: Lineage | undefined,
): Promise<Reply<ClaimResult>> {
  const isOwn = (request: ClaimRequest): boolean => request.expect?.raisesAttempt === false
  if (!requests.some(isOwn)) return store.claim(requests, lineage)
  const { nowMs, results } = await store.read(requests.map((request) => request.ref))
  return {
    nowMs,
    results: results.map((entry) => (entry === undefined ? { kind: 'gone' } : { kind: 'claimed', entry })),
  }
}

function renewingLast(store: Store): Store {
  let onTheWay: Promise<unknown> = Promise.resolve()
  return {
    ...store,
    claim: (requests, lineage) => {
      const claimed = store.claim(requests, lineage)
      onTheWay = Promise.allSettled([onTheWay, claimed])
      return claimed
    },
    renew: async (requests, lineage) => {
      await onTheWay
      return store.renew(requests, lineage)
    },
  }
}

type Transact = NonNullable<Store['transaction']>

/** Where the entry was taken over, commits all the same, as if the row's present owner had asked. */
function transactStale(store: Store): Transact {
  return async (work, prepare, lineage) => {
    const asked: SettleRequest[] = []
    const remembered: typeof prepare = (value) => {
      const request = prepare(value)
      asked.push(request)
      return request
    }
    const transact = transactionOf(store)
    const result = await transact(work, remembered, lineage)
    const [request] = asked
    if (result.kind === 'committed' || request === undefined) return result
    const [row] = (await store.read([request.ref])).results
    if (row === undefined) return result
    const { owner, attempt } = row
    const forced = { ...unfounded(request), owner, attempt, ownerWrite: row.ownerWrite + 1 }
    return transact(work, () => forced, lineage)
  }
}

/** What there is without transactions: the work, and then the entry. */
function transactApart(store: Store): Transact {
  return async (work, prepare, lineage) => {
    const value = await work(undefined)
    const [result] = (await store.settle([prepare(value)], lineage)).results
    return result?.kind === 'settled'
      ? { kind: 'committed', value, entry: result.entry }
      : { kind: 'rolled-back' }
  }
}

/** Hides the promise from the store. */
function transactUnseen(store: Store): Transact {
  return async <T>(
    work: (client: unknown) => T | Promise<T>,
    prepare: (value: T) => SettleRequest,
    lineage?: Lineage,
  ) => {
    const result = await transactionOf(store)(
      (client) => ({ hidden: work(client) }),
      () => prepare(undefined as T),
      lineage,
    )
    return result.kind === 'committed' ? { ...result, value: await result.value.hidden } : result
  }
}

function transactionOf(store: Store): Transact {
  if (store.transaction === undefined) throw new TypeError(`The ${store.name} store has no transactions.`)
  return (work, prepare, lineage) => (store as Required<Store>).transaction(work, prepare, lineage)
}

async function releaseAndClose(store: Store): Promise<void> {
  const { entries } = await store.list({ states: ['started'], limit: 500 })
  const requests = entries.map(
    (entry): SettleRequest => ({
      ref: entry.ref,
      owner: entry.owner,
      attempt: entry.attempt,
      ownerWrite: entry.ownerWrite + 1,
      to: 'released',
      round: entry.round,
      earlierUnknown: false,
      endsLease: true,
      valueKept: true,
      digest: 'closed',
    }),
  )
  if (requests.length > 0) await store.settle(requests)
  await store.close()
}
