import { applyClaim, applySettle, type Rows } from '../../ledger/apply.ts'
import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, ClaimResult, SettleRequest, SettleResult } from '../../ledger/store.ts'
import { claimRow, settleRow, type StoreMoment } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import { columns, entryOf, json, mutableValuesOf } from './rows.ts'

const frozen = ['ref', 'scope', 'operation', 'key', 'subject', 'safety', 'fingerprint']
const selectSql = `SELECT ${columns.join(', ')} FROM onceward_entries WHERE ref = ?`
const updateSql = `UPDATE onceward_entries SET ${columns
  .filter((name) => !frozen.includes(name))
  .map((name) => `${name} = ?`)
  .join(', ')} WHERE ref = ?`

/** What every first claim writes alike stands in the statement: binding values costs more than writing them. */
const insertSql = `INSERT INTO onceward_entries
  (ref, scope, operation, key, subject, state, safety, fingerprint, owner, epoch, attempt, round, rev, owner_write,
   lease_ms, lease_until_ms, claimed_at_ms, first_send_ms, earlier_unknown, value_kept, retain_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 1, 0, ?, ?, ?, ?, 0, 1, ?)
  ON CONFLICT (ref) DO NOTHING`

const settleSql = `UPDATE onceward_entries SET state = ?, rev = ?, owner_write = ?, lease_until_ms = ?,
  finished_at_ms = ?, value_kept = ?, settled_digest = ?, value = ?, round = ?, earlier_unknown = ?`
const unchanged = 'WHERE ref = ? AND rev = ? AND attempt = ? AND owner = ?'
const settlePlainSql = `${settleSql}, error = NULL, steps = NULL ${unchanged}`
const settleWithDocumentsSql = `${settleSql}, error = ?, steps = ?, doubt = ? ${unchanged}`

/** Rows of the table, and the shorter ways of the two common writes. */
export interface RowAccess extends Rows {
  claim(request: ClaimRequest, at: StoreMoment): ClaimResult
  settle(request: SettleRequest, at: StoreMoment): SettleResult
}

export function rowAccess(database: Database): RowAccess {
  const rows: Rows = {
    get: (ref) => {
      const row = database.lists(selectSql).get(ref)
      return row === undefined ? undefined : entryOf(row)
    },
    put: (entry) => {
      const { changes } = database.statement(updateSql).run(...mutableValuesOf(entry), entry.ref)
      if (changes === 0) insertWhole(database, entry)
    },
  }
  // Claims come in runs of new work and runs of replays: what was right last time is tried first.
  let expectsHeld = false
  return {
    ...rows,
    claim: (request, at) => {
      if (request.expect !== undefined) return applyClaim(rows, request, at)
      const held = expectsHeld ? rows.get(request.ref) : undefined
      const fresh = held === undefined ? claimRow(undefined, request, at) : undefined
      const isNew = fresh?.kind === 'claimed' && insertFresh(database, fresh.entry)
      expectsHeld = !isNew
      return isNew ? fresh : claimRow(held ?? rows.get(request.ref), request, at)
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

/** What recall brings back: a first claim, and then whatever became of it. */
function insertWhole(database: Database, entry: Entry): void {
  insertFresh(database, entry)
  database.statement(updateSql).run(...mutableValuesOf(entry), entry.ref)
}

/** The common claim costs one statement: the insert itself says whether the key was absent. */
function insertFresh(database: Database, entry: Entry): boolean {
  const { changes } = database
    .statement(insertSql)
    .run(
      entry.ref,
      entry.scope,
      entry.operation,
      entry.key,
      entry.subject ?? null,
      entry.state,
      entry.safety,
      entry.fingerprint,
      entry.owner,
      entry.epoch,
      entry.leaseMs,
      entry.leaseUntilMs,
      entry.claimedAtMs,
      entry.firstPossibleSendAtMs ?? null,
      entry.retainMs,
    )
  return changes === 1
}

/** The common settle costs one as well: nothing has touched the row since its owner last knew it. */
function settleKnown(database: Database, known: Entry, next: Entry): boolean {
  const { error, steps, doubt } = next
  const isPlain =
    error === undefined && steps === undefined && doubt === undefined && known.doubt === undefined
  const statement = database.statement(isPlain ? settlePlainSql : settleWithDocumentsSql)
  const { changes } = statement.run(
    next.state,
    next.rev,
    next.ownerWrite,
    next.leaseUntilMs,
    next.finishedAtMs ?? null,
    next.valueKept ? 1 : 0,
    next.settledDigest ?? null,
    next.value ?? null,
    next.round,
    next.earlierUnknown ? 1 : 0,
    ...(isPlain ? [] : [json(error), json(steps), json(doubt)]),
    known.ref,
    known.rev,
    known.attempt,
    known.owner,
  )
  return changes === 1
}
