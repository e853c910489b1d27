import type { Lineage, Reply, ResolveRequest, ResolveResult } from '../../ledger/store.ts'
import { resolveRow } from '../../ledger/transitions.ts'
import { restless } from './claim.ts'
import { type Database, requireDistinct } from './database.ts'
import type { Statement } from './session.ts'
import { checkLineage, lineageHolds, lineageValues } from './lineage.ts'
import { batchOf, batchValues, type Param } from './params.ts'
import type { Reader } from './read.ts'
import { entryOf, json, rowText, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

const params: readonly Param<ResolveRequest>[] = [
  { name: 'ref', type: 'text', of: (request) => request.ref },
  { name: 'attempt', type: 'integer', of: (request) => request.expect.attempt },
  { name: 'rev', type: 'integer', of: (request) => request.expect.rev },
  { name: 'state', type: 'smallint', of: (request) => stateCodes[request.to] },
  { name: 'value', type: 'bytea', of: (request) => request.value },
  { name: 'value_kept', type: 'boolean', of: (request) => request.valueKept },
  { name: 'error', type: 'text', of: (request) => json(request.error) },
  {
    name: 'why',
    type: 'text',
    of: (request) => (request.to === 'in_doubt' ? json(request.why ?? '') : undefined),
  },
  { name: 'resolution', type: 'text', of: (request) => json(request.resolution) },
  { name: 'steps', type: 'text', of: (request) => json(request.steps) },
]

const maxRounds = 5

export type Resolve = (requests: readonly ResolveRequest[], named?: Lineage) => Promise<Reply<ResolveResult>>

/** `resolve`: a doubt, a verify answer or a decision, on a row that has not changed since it was read. */
export function makeResolve(database: Database, reader: Reader): Resolve {
  const statement = resolveStatement(database)
  return async (requests, named) => {
    requireDistinct(requests)
    const wrote = named ?? database.writes
    const verdicts = new Map<string, ResolveResult>()
    let nowMs = requests.length === 0 ? (await reader.look([])).nowMs : 0
    let open = requests
    for (let round = 1; open.length > 0; round += 1) {
      if (round > maxRounds) throw restless(database)
      const rows = await database.run(statement, [...batchValues(params, open), ...lineageValues(wrote)])
      for (const [clock, row] of rows) {
        const entry = entryOf(row as string)
        verdicts.set(entry.ref, { kind: 'resolved', entry })
        nowMs = Math.max(nowMs, Number(clock))
      }
      open = open.filter(({ ref }) => !verdicts.has(ref))
      if (open.length === 0) break
      const found = await reader.look(open.map(({ ref }) => ref))
      nowMs = Math.max(nowMs, found.nowMs)
      for (const request of open) {
        const entry = found.rows.get(request.ref)
        const { kind } = resolveRow(entry, request, { nowMs: 0, epoch: 0 })
        if (kind === 'stale') verdicts.set(request.ref, { kind, entry })
      }
      open = open.filter(({ ref }) => !verdicts.has(ref))
      // It would go through now: if nobody has begun a new lineage, it does in the next round.
      if (open.length > 0) await checkLineage(database, wrote)
    }
    return { nowMs, results: requests.map(({ ref }) => verdicts.get(ref) as ResolveResult) }
  }
}

/** The edges of DESIGN.md section 2 that somebody other than the owner may write. */
function isResolvable(to: string, from: string): string {
  const { claimed, started, in_doubt, released, succeeded, failed } = stateCodes
  return `CASE ${to}
    WHEN ${succeeded} THEN ${from} IN (${started}, ${in_doubt})
    WHEN ${failed} THEN ${from} = ${in_doubt}
    WHEN ${released} THEN ${from} IN (${claimed}, ${in_doubt})
    WHEN ${in_doubt} THEN ${from} = ${started}
    ELSE false
  END`
}

function resolveStatement(database: Database): Statement {
  const { entries } = database.tables
  const { in_doubt, succeeded, failed } = stateCodes
  const holds = lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)
  return database.statement(
    'resolve',
    `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${entries} e WHERE e.ref = i.ref FOR NO KEY UPDATE
  ) AS locked
  WHERE ${holds}
)
UPDATE ${entries} e SET
  state = i.state,
  rev = e.rev + 1,
  value = i.value,
  value_kept = i.value_kept,
  error = i.error,
  earlier_unknown = CASE WHEN i.state = ${in_doubt} THEN e.earlier_unknown ELSE false END,
  finished_at_ms = CASE WHEN i.state IN (${succeeded}, ${failed}) THEN i.now_ms END,
  steps = coalesce(i.steps, e.steps),
  doubt_since_ms = CASE WHEN i.state = ${in_doubt} THEN i.now_ms ELSE e.doubt_since_ms END,
  doubt_why = CASE WHEN i.state = ${in_doubt} THEN i.why ELSE e.doubt_why END,
  resolution = coalesce(i.resolution, e.resolution),
  resolved_at_ms = CASE WHEN i.resolution IS NULL THEN e.resolved_at_ms ELSE i.now_ms END
FROM i
WHERE e.ref = i.ref AND e.attempt = i.attempt AND e.rev = i.rev AND ${isResolvable('i.state', 'e.state')}
RETURNING i.now_ms, ${rowText('e')}`,
  )
}
