import { applyClaim, applySettle, type Rows } from '../../ledger/apply.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, ClaimResult, SettleRequest, SettleResult } from '../../ledger/store.ts'
import { claimRow, settleRow, type StoreMoment } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import { columns, entryOf, json, mutableValuesOf, valuesOf } from './rows.ts'

const frozen = ['ref', 'scope', 'operation', 'key', 'subject', 'safety', 'fingerprint']
const selectSql = `SELECT ${columns.join(', ')} FROM onceward_entries WHERE ref = ?`
const insertSql = `INSERT INTO onceward_entries (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (ref) DO NOTHING`
const updateSql = `UPDATE onceward_entries SET ${columns
  .filter((name) => !frozen.includes(name))
  .map((name) => `${name} = ?`)
  .join(', ')} WHERE ref = ?`

/** Rows of the table, and the shorter ways of the two common writes. */
export interface RowAccess extends Rows {
  claim(request: ClaimRequest, at: StoreMoment): ClaimResult
  settle(request: SettleRequest, at: StoreMoment): SettleResult
}

const settleSql = `UPDATE onceward_entries SET state = ?, round = ?, rev = ?, owner_write = ?, lease_until_ms = ?, finished_at_ms = ?,
  earlier_unknown = ?, value_kept = ?, settled_digest = ?, value = ?, error = ?, steps = ?, doubt = ?
  WHERE ref = ? AND rev = ? AND attempt = ? AND owner = ?`

/** The common settle: nothing has touched the row since its owner last knew it, so one statement does. */
function settleKnown(database: Database, known: Entry, next: Entry): boolean {
  const {
    state,
    round,
    rev,
    ownerWrite,
    leaseUntilMs,
    finishedAtMs,
    earlierUnknown,
    valueKept,
    settledDigest,
  } = next
  const { changes } = database
    .statement(settleSql)
    .run(
      state,
      round,
      rev,
      ownerWrite,
      leaseUntilMs,
      finishedAtMs ?? null,
      earlierUnknown ? 1 : 0,
      valueKept ? 1 : 0,
      settledDigest ?? null,
      next.value ?? null,
      json(next.error),
      json(next.steps),
      json(next.doubt),
      known.ref,
      known.rev,
      known.attempt,
      known.owner,
    )
  return changes === 1
}

export function rowAccess(database: Database): RowAccess {
  const rows: Rows = {
    get: (ref) => {
      const row = database.statement(selectSql).get(ref)
      return row === undefined ? undefined : entryOf(row)
    },
    put: (entry) => void database.statement(updateSql).run(...mutableValuesOf(entry), entry.ref),
  }
  return {
    ...rows,
    claim: (request, at) => {
      if (request.expect === undefined) {
        // An absent key, the common case, costs one statement: the insert itself says whether it was absent.
        const fresh = claimRow(undefined, request, at)
        if (
          fresh.kind === 'claimed' &&
          database.statement(insertSql).run(...valuesOf(fresh.entry)).changes === 1
        )
          return fresh
      }
      return applyClaim(rows, request, at)
    },
    settle: (request, at) => {
      if (request.known !== undefined) {
        const expected = settleRow(request.known, request, at)
        if (expected.kind === 'settled' && settleKnown(database, request.known, expected.entry))
          return expected
      }
      return applySettle(rows, request, at)
    },
  }
}
