import type { ClaimRequest, ClaimResult } from '../../ledger/store.ts'
import { claimRow } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import { lineageHolds, lineageValues, type Writing } from './lineage.ts'
import { batchNames, batchOf, batchValues, type Param, type ValueName } from './params.ts'
import { safetyCodes, stateCodes } from './rows.ts'
import { type ScalarPlaces, scalarStatements } from './scalar.ts'
import { serverMs } from './tables.ts'

const params: readonly Param<ClaimRequest>[] = [
  { name: 'ref', type: 'text', of: (request) => request.ref },
  { name: 'scope', type: 'text', of: (request) => request.scope },
  { name: 'operation', type: 'text', of: (request) => request.operation },
  { name: 'key', type: 'text', of: (request) => request.key },
  { name: 'subject', type: 'text', of: (request) => request.subject },
  { name: 'fingerprint', type: 'text', of: (request) => request.fingerprint },
  { name: 'owner', type: 'text', of: (request) => request.owner },
  { name: 'state', type: 'smallint', of: (request) => stateCodes[request.to] },
  { name: 'safety', type: 'smallint', of: (request) => safetyCodes[request.safety] },
  { name: 'lease_ms', type: 'bigint', of: (request) => request.leaseMs },
  { name: 'retain_ms', type: 'bigint', of: (request) => request.retainMs },
]

/** Adds what was inserted to `verdicts`; gives the store's clock, 0 where nothing was. */
export type Insert = (
  writing: Writing,
  requests: readonly ClaimRequest[],
  verdicts: Map<string, ClaimResult>,
) => Promise<number>

/** A claim without expectation: inserts what is absent. */
export function makeInsert(database: Database): Insert {
  const one = scalarStatements(database, params, { name: 'insert_one', text: insertOne(database) })
  const many = database.statement('insert_many', insertMany(database))

  return async ({ session, phase, wrote }, requests, verdicts) => {
    const [first] = requests
    if (first === undefined) return 0
    const lineage = lineageValues(wrote)
    if (requests.length === 1) {
      const { statement, values } = one(first)
      const [row] = await session.run(statement, [...values, ...lineage], phase)
      if (row === undefined) return 0
      const at = { nowMs: Number(row[0]), epoch: wrote.epoch }
      verdicts.set(first.ref, claimRow(undefined, first, at))
      return at.nowMs
    }
    const [row] = await session.run(many, [...batchValues(params, requests), ...lineage], phase)
    const at = { nowMs: Number(row?.[0]), epoch: wrote.epoch }
    const inserted = row?.[1] === 't' ? undefined : new Set((row?.[2] ?? '').split(','))
    for (const request of requests) {
      const isInserted = inserted === undefined || inserted.has(request.ref)
      if (isInserted) verdicts.set(request.ref, claimRow(undefined, request, at))
    }
    return at.nowMs
  }
}

const insertedColumns = `ref, scope, operation, key, subject, fingerprint, owner, state, safety, lease_ms, retain_ms,
  epoch, attempt, round, rev, owner_write, earlier_unknown, value_kept, claimed_at_ms, lease_until_ms, first_send_ms`

/** The select list of an insert: what the request says, and `insertedRow` of transitions.ts. */
function insertedValues(value: ValueName, epoch: string, now: string): string {
  const given = params.map(({ name }) => value(name)).join(', ')
  const firstSend = `CASE WHEN ${value('state')} = ${stateCodes.started} THEN ${now} END`
  return `${given},
  ${epoch}::bigint, 1, 0, 1, 0, false, true, ${now}, ${now} + ${value('lease_ms')}, ${firstSend}`
}

/**
 * Rule 10: a row that can be seen is not even tried. `ON CONFLICT DO NOTHING` would wait for a transaction that has
 * changed it, and all of the batch with it: for as long as a process stands still before its COMMIT.
 */
function isAbsent(database: Database, ref: string): string {
  return `(SELECT true FROM ${database.tables.entries} e WHERE e.ref = ${ref}) IS NULL`
}

function insertOne(database: Database): (places: ScalarPlaces) => string {
  return ({ value, epoch, nonce }) => `INSERT INTO ${database.tables.entries} (${insertedColumns})
SELECT ${insertedValues(value, epoch, serverMs)}
WHERE ${lineageHolds(database, epoch, nonce)} AND ${isAbsent(database, value('ref'))}
ON CONFLICT (ref) DO NOTHING
RETURNING claimed_at_ms`
}

/** Rows go in by key order, so that two batches that wait for each other's rows do so in one direction. */
function insertMany(database: Database): string {
  const size = `$${params.length + 1}`
  const epoch = `$${params.length + 2}`
  return `WITH clock AS MATERIALIZED (SELECT ${serverMs} AS now_ms),
inserted AS (
  INSERT INTO ${database.tables.entries} (${insertedColumns})
  SELECT ${insertedValues(batchNames(params, 'i'), epoch, 'clock.now_ms')}
  FROM ${batchOf(params)} CROSS JOIN clock
  WHERE ${lineageHolds(database, epoch, `$${params.length + 3}`)} AND ${isAbsent(database, 'i.ref')}
  ORDER BY i.ref COLLATE "C"
  ON CONFLICT (ref) DO NOTHING
  RETURNING ref
)
SELECT (SELECT now_ms FROM clock), count(*) = ${size}::bigint,
  CASE WHEN count(*) < ${size}::bigint THEN string_agg(ref, ',') END
FROM inserted`
}
