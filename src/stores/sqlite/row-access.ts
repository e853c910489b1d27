import type { Entry } from '../../ledger/entry.ts'
import type { ClaimRequest, ClaimResult } from '../../ledger/store.ts'
import { claimRow, type StoreMoment } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import { columns, entryOf, mutableValuesOf, valuesOf } from './rows.ts'

const frozen = ['ref', 'scope', 'operation', 'key', 'subject', 'safety', 'fingerprint']
const selectSql = `SELECT ${columns.join(', ')} FROM onceward_entries WHERE ref = ?`
const insertSql = `INSERT INTO onceward_entries (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) ON CONFLICT (ref) DO NOTHING`
const updateSql = `UPDATE onceward_entries SET ${columns
  .filter((name) => !frozen.includes(name))
  .map((name) => `${name} = ?`)
  .join(', ')} WHERE ref = ?`

/** Reads and writes of single rows, inside whatever transaction is open. */
export interface RowAccess {
  get(ref: string): Entry | undefined
  put(entry: Entry): void
  claim(request: ClaimRequest, at: StoreMoment): ClaimResult
}

export function rowAccess(database: Database): RowAccess {
  const get = (ref: string): Entry | undefined => {
    const row = database.statement(selectSql).get(ref)
    return row === undefined ? undefined : entryOf(row)
  }
  const put = (entry: Entry): void => {
    database.statement(updateSql).run(...mutableValuesOf(entry), entry.ref)
  }
  return {
    get,
    put,
    claim: (request, at) => {
      if (request.expect === undefined) {
        // An absent key, the common case, costs one statement: the insert itself says whether it was absent.
        const fresh = claimRow(undefined, request, at)
        if (fresh.kind === 'claimed' && database.statement(insertSql).run(...valuesOf(fresh.entry)).changes === 1) return fresh
      }
      const result = claimRow(get(request.ref), request, at)
      if (result.kind === 'claimed') put(result.entry)
      return result
    },
  }
}
