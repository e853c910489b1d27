import type { ClaimRequest, ClaimResult } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Statement } from './session.ts'
import { lineageHolds, lineageValues, type Writing } from './lineage.ts'
import { batchOf, batchValues, type Param } from './params.ts'
import { entryOf, rowText, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

const params: readonly Param<ClaimRequest>[] = [
  { name: 'ref', type: 'text', of: (request) => request.ref },
  { name: 'attempt', type: 'integer', of: (request) => request.expect?.attempt },
  { name: 'rev', type: 'integer', of: (request) => request.expect?.rev },
  { name: 'raises', type: 'integer', of: (request) => (request.expect?.raisesAttempt === true ? 1 : 0) },
  { name: 'round', type: 'integer', of: (request) => request.expect?.round },
  { name: 'earlier_unknown', type: 'boolean', of: (request) => request.expect?.earlierUnknown },
  { name: 'keeps_first_send', type: 'boolean', of: (request) => request.expect?.keepsFirstSend },
  { name: 'state', type: 'smallint', of: (request) => stateCodes[request.to] },
  { name: 'owner', type: 'text', of: (request) => request.owner },
  { name: 'lease_ms', type: 'bigint', of: (request) => request.leaseMs },
  { name: 'retain_ms', type: 'bigint', of: (request) => request.retainMs },
]

export type Takeover = (
  writing: Writing,
  requests: readonly ClaimRequest[],
  verdicts: Map<string, ClaimResult>,
) => Promise<number>

/** A claim of a row that was seen, if it is still that row. What is locked is skipped (rule 10). */
export function makeTakeover(database: Database): Takeover {
  const statement = takeoverStatement(database)
  return async ({ session, phase, wrote }, requests, verdicts) => {
    if (requests.length === 0) return 0
    const rows = await session.run(
      statement,
      [...batchValues(params, requests), ...lineageValues(wrote)],
      phase,
    )
    for (const row of rows) {
      const entry = entryOf(row[1] as string)
      verdicts.set(entry.ref, { kind: 'claimed', entry })
    }
    return Number(rows[0]?.[0] ?? 0)
  }
}

function takeoverStatement(database: Database): Statement {
  const { entries } = database.tables
  const epoch = `$${params.length + 2}`
  const holds = lineageHolds(database, epoch, `$${params.length + 3}`)
  const { claimed, started, released } = stateCodes
  const isUnchanged = `e.attempt = i.attempt AND e.rev = i.rev AND e.state IN (${claimed}, ${started}, ${released})`
  const staysStarted = `e.state = ${started} OR i.state = ${started}`
  return database.statement(
    'take_over',
    `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${entries} e
    WHERE e.ref = i.ref AND ${isUnchanged}
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS locked
  WHERE ${holds}
)
UPDATE ${entries} e SET
  state = CASE WHEN e.state = ${started} THEN e.state ELSE i.state END,
  owner = i.owner,
  epoch = ${epoch}::bigint,
  attempt = e.attempt + i.raises,
  round = i.round,
  rev = e.rev + 1,
  owner_write = 0,
  lease_ms = i.lease_ms,
  lease_until_ms = i.now_ms + i.lease_ms,
  first_send_ms = coalesce(CASE WHEN i.keeps_first_send THEN e.first_send_ms END, CASE WHEN ${staysStarted} THEN i.now_ms END),
  finished_at_ms = NULL,
  earlier_unknown = i.earlier_unknown,
  value_kept = true,
  value = NULL,
  error = NULL,
  settled_digest = NULL,
  doubt_since_ms = NULL,
  doubt_why = NULL,
  retain_ms = i.retain_ms,
  claimed_epoch = NULL
FROM i
WHERE e.ref = i.ref AND ${isUnchanged}
RETURNING i.now_ms, ${rowText('e')}`,
  )
}
