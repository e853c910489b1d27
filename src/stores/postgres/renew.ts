import type { Entry } from '../../ledger/entry.ts'
import type { Lineage, RenewRequest, RenewResult, Reply } from '../../ledger/store.ts'
import { renewRow } from '../../ledger/transitions.ts'
import { type Database, requireDistinct } from './database.ts'
import type { Statement } from './session.ts'
import { checkLineage, lineageHolds, lineageValues } from './lineage.ts'
import { batchOf, batchValues, type Param } from './params.ts'
import type { Reader } from './read.ts'
import { stateCodes } from './rows.ts'
import { serverMs, stateUnindexed } from './tables.ts'

const params: readonly Param<RenewRequest>[] = [
  { name: 'ref', type: 'text', of: (request) => request.ref },
  { name: 'owner', type: 'text', of: (request) => request.owner },
  { name: 'attempt', type: 'integer', of: (request) => request.attempt },
  { name: 'lease_ms', type: 'bigint', of: (request) => request.leaseMs },
]

export type Renew = (requests: readonly RenewRequest[], named?: Lineage) => Promise<Reply<RenewResult>>

/** `renew`: moves the leases of what is still owned; locked rows are skipped and answer `busy` (rule 10). */
export function makeRenew(database: Database, reader: Reader): Renew {
  const statement = renewStatement(database)
  return async (requests, named) => {
    requireDistinct(requests)
    if (requests.length === 0) return { nowMs: (await reader.read([])).nowMs, results: [] }
    const wrote = named ?? database.writes
    const rows = await database.run(statement, [...batchValues(params, requests), ...lineageValues(wrote)])
    const leases = new Map(rows.map(([, ref, leaseUntilMs]) => [ref, Number(leaseUntilMs)]))
    const left = requests.filter(({ ref }) => !leases.has(ref))
    const found = left.length === 0 ? undefined : await reader.look(left.map(({ ref }) => ref))
    // Busy, or lost in more than one sense.
    const isPuzzling = left.some(
      (request) => whyNot(found?.rows.get(request.ref), request).kind !== 'finished',
    )
    if (isPuzzling) await checkLineage(database, wrote)
    return {
      nowMs: Math.max(Number(rows[0]?.[0] ?? 0), found?.nowMs ?? 0),
      results: requests.map((request) => {
        const leaseUntilMs = leases.get(request.ref)
        if (leaseUntilMs !== undefined) return { kind: 'renewed', leaseUntilMs }
        return whyNot(found?.rows.get(request.ref), request)
      }),
    }
  }
}

/** A row that could have been renewed and was not was locked. */
function whyNot(row: Entry | undefined, request: RenewRequest): RenewResult {
  const { result } = renewRow(row, request, { nowMs: 0, epoch: 0 })
  return result.kind === 'renewed' ? { kind: 'busy' } : result
}

function renewStatement(database: Database): Statement {
  const { entries } = database.tables
  const isOwned = `${stateUnindexed} <= ${stateCodes.started}`
  const holds = lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)
  return database.statement(
    'renew',
    `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${entries} e
    WHERE e.ref = i.ref AND e.owner = i.owner AND e.attempt = i.attempt AND ${isOwned}
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS locked
  WHERE ${holds}
)
UPDATE ${entries} e SET
  lease_until_ms = greatest(e.lease_until_ms, i.now_ms + i.lease_ms),
  rev = e.rev + 1
FROM i
WHERE e.ref = i.ref AND e.owner = i.owner AND e.attempt = i.attempt AND ${isOwned}
RETURNING i.now_ms, e.ref, e.lease_until_ms`,
  )
}
