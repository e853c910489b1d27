import { isOncewardError, OncewardError, optionInvalid } from '../kernel/errors.ts'
import type { Claimed } from './claimed.ts'
import { asOncewardError } from './group-commit.ts'
import type { Finish, Outcome } from './outcome.ts'
import { keepResult } from './results.ts'
import { isStoreFault, type SettleRequest } from './store.ts'

/** The result of `attempt.transaction`, once it is decided. */
export type Committed =
  | { readonly kind: 'committed'; readonly value: unknown }
  | { readonly kind: 'not-committed' }

/**
 * Rule 10: the caller's SQL and the entry's record in one transaction. `decide` is told as soon as it is known that
 * the entry has been settled by it, or that it has not and cannot be any more.
 */
export async function commitTogether<T>(
  claimed: Claimed,
  work: (client: unknown) => T | Promise<T>,
  decide: (committed: Committed) => void,
): Promise<{ committed: Committed; value: T }> {
  const { ledger } = claimed
  const { store } = ledger.options
  if (store.transaction === undefined || !store.isTransactional) {
    throw optionInvalid(
      'attempt.transaction',
      'used on a PostgreSQL or SQLite store',
      `the ${store.name} store`,
    )
  }
  await claimed.ensureLease()
  const prepared: { request?: SettleRequest; value?: T } = {}
  try {
    const result = await store.transaction(work, (value) => {
      prepared.value = value
      prepared.request = settleRequest(claimed, value)
      return prepared.request
    })
    if (result.kind === 'committed') {
      claimed.entry = result.entry
      return { committed: { kind: 'committed', value: result.value }, value: result.value }
    }
  } catch (error) {
    if (!isStoreFault(error)) throw error
    if (
      error.kind === 'lost' &&
      prepared.request !== undefined &&
      (await wasCommitted(claimed, prepared.request, decide))
    ) {
      const value = prepared.value as T
      return { committed: { kind: 'committed', value }, value }
    }
    throw asOncewardError(error, 'transaction')
  }
  decide({ kind: 'not-committed' })
  claimed.endLease('the transaction was rolled back, because the entry was not ours any more')
  throw claimed.lost ?? new OncewardError('LEASE_LOST', 'The transaction was rolled back.')
}

function settleRequest(claimed: Claimed, value: unknown): SettleRequest {
  const { ledger, entry } = claimed
  const kept = keepResult(ledger.options, value, { operation: entry.operation, ref: entry.ref, usedBytes: 0 })
  if (!kept.kept) ledger.events.emit('result_not_kept', entry, { message: kept.why })
  return claimed.request(
    { to: 'succeeded', round: entry.round, earlierUnknown: false, endsLease: false },
    { valueKept: kept.kept, value: kept.kept ? kept.content : undefined },
  )
}

const maxRounds = 3

/**
 * The acknowledgement of COMMIT was lost. Giving the entry back settles the question by a write: if it goes through,
 * the transaction has not committed and no longer can (its last statement would change no row); if it does not, the
 * very same record is recognised by another write, and it is the acknowledgement of that which counts (rule 4). Where
 * that finds nothing to recognise, what could be seen did not last: a failover has cut the commit, the user's rows with
 * it. The record must not be written without them, so the entry is given back again.
 */
async function wasCommitted(
  claimed: Claimed,
  sent: SettleRequest,
  decide: (committed: Committed) => void,
): Promise<boolean> {
  const { round } = claimed.entry
  const error = {
    code: 'NOT_COMMITTED',
    message: 'the connection was lost and the transaction did not commit',
  }
  const giveBack = claimed.request(
    { to: 'released', round, earlierUnknown: false, endsLease: true, error },
    { valueKept: true },
  )
  for (let rounds = 0; rounds < maxRounds; rounds += 1) {
    const released = await claimed.settle(giveBack)
    if (released.kind === 'settled') {
      decide({ kind: 'not-committed' })
      return false
    }
    const recognised = await claimed.settle({ ...sent, recognisesOnly: true })
    if (recognised.kind === 'settled') return true
  }
  return false
}

/** How an attempt ends whose transaction has decided on the entry. */
export function concludeTransaction(claimed: Claimed, committed: Committed, result: Finish): Outcome {
  const { ledger, entry } = claimed
  ledger.heartbeat.remove(claimed)
  if (committed.kind === 'committed') {
    ledger.events.emit('succeeded', entry, { durationMs: 0, valueKept: entry.valueKept })
    return { kind: 'ran', entry, value: committed.value }
  }
  const cause =
    result.kind === 'threw'
      ? result.error
      : new OncewardError('LEASE_LOST', 'The transaction was rolled back.')
  if (isOncewardError(cause, 'LEASE_LOST'))
    return { kind: 'lease-lost', entry, message: cause.message, code: 'LEASE_LOST' }
  return { kind: 'unknown', entry, cause }
}
