import type { SettleRequest, SettleResult } from '../../ledger/store.ts'
import { settleRow } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import type { KnownRows } from './known.ts'
import { lineageHolds, lineageValues, type Writing } from './lineage.ts'
import { batchNames, batchOf, batchValues, type Param, type ValueName } from './params.ts'
import { entryOf, json, rowText, stateCodes } from './rows.ts'
import { type ScalarPlaces, scalarStatements } from './scalar.ts'
import { serverMs } from './tables.ts'

type Write = (
  writing: Writing,
  requests: readonly SettleRequest[],
  verdicts: Map<string, SettleResult>,
) => Promise<number>

export interface SettleStatements {
  /** Writes of owners. Adds what went through to `verdicts`; gives the store's clock, 0 where nothing did. */
  readonly settle: Write
  /** Rule 4: the same content once more is a write of its own, whose commit is acknowledged, and changes nothing else. */
  readonly retouch: Write
}

function paramsOf(known: KnownRows): readonly Param<SettleRequest>[] {
  return [
    { name: 'ref', type: 'text', of: (request) => request.ref },
    { name: 'owner', type: 'text', of: (request) => request.owner },
    { name: 'attempt', type: 'integer', of: (request) => request.attempt },
    { name: 'owner_write', type: 'integer', of: (request) => request.ownerWrite },
    { name: 'state', type: 'smallint', of: (request) => stateCodes[request.to] },
    { name: 'round', type: 'integer', of: (request) => request.round },
    { name: 'earlier_unknown', type: 'boolean', of: (request) => request.earlierUnknown },
    { name: 'ends_lease', type: 'boolean', of: (request) => request.endsLease },
    { name: 'value', type: 'bytea', of: (request) => request.value },
    { name: 'value_kept', type: 'boolean', of: (request) => request.valueKept },
    { name: 'error', type: 'text', of: (request) => json(request.error) },
    { name: 'steps', type: 'text', of: (request) => json(request.steps) },
    { name: 'why', type: 'text', of: whyOf },
    { name: 'digest', type: 'text', of: (request) => request.digest },
    { name: 'known_rev', type: 'integer', of: (request) => known.get(request)?.rev },
  ]
}

function whyOf(request: SettleRequest): string | undefined {
  return request.to === 'in_doubt' ? json(request.why ?? '') : undefined
}

export function makeSettleStatements(database: Database): SettleStatements {
  const { known } = database
  const params = paramsOf(known)
  const one = scalarStatements(database, params, { name: 'settle_one', text: settleOne(database) })
  const oneKnown = scalarStatements(database, params, { name: 'settle_known', text: settleKnown(database) })
  const many = database.statement('settle_many', settleMany(database, params))
  const again = database.statement('settle_again', retouchMany(database, params))

  const settle: Write = async ({ session, phase, wrote }, requests, verdicts) => {
    const [first] = requests
    if (first === undefined) return 0
    const before = new Map(requests.map((request) => [request.ref, { request, row: known.get(request) }]))
    const scalar = before.get(first.ref)?.row === undefined ? one : oneKnown
    const { statement, values } =
      requests.length === 1 ? scalar(first) : { statement: many, values: batchValues(params, requests) }
    const rows = await session.run(statement, [...values, ...lineageValues(wrote)], phase)
    const at = { nowMs: Number(rows[0]?.[0] ?? 0), epoch: wrote.epoch }
    for (const [, ref, row] of rows) {
      const was = before.get(ref as string)
      if (was === undefined) continue
      if (typeof row === 'string') verdicts.set(was.request.ref, { kind: 'settled', entry: entryOf(row) })
      else verdicts.set(was.request.ref, settleRow(was.row, was.request, at))
    }
    return at.nowMs
  }

  const retouch: Write = async ({ session, phase, wrote }, requests, verdicts) => {
    if (requests.length === 0) return 0
    const rows = await session.run(again, [...batchValues(params, requests), ...lineageValues(wrote)], phase)
    for (const [, row] of rows) {
      const entry = entryOf(row as string)
      verdicts.set(entry.ref, { kind: 'settled', entry })
    }
    return Number(rows[0]?.[0] ?? 0)
  }

  return { settle, retouch }
}

/** Steps are written while the owner has the entry, outcomes also while it is in doubt (rule 3). */
function settleCondition(value: ValueName): string {
  const isStep = `${value('state')} < ${stateCodes.in_doubt}`
  return `e.owner = ${value('owner')} AND e.attempt = ${value('attempt')} AND e.owner_write < ${value('owner_write')}
  AND e.state <= CASE WHEN ${isStep} THEN ${stateCodes.started} ELSE ${stateCodes.in_doubt} END`
}

/** `settledRow` of transitions.ts. */
function settleChanges(value: ValueName, now: string): string {
  const state = value('state')
  const doubts = `${state} = ${stateCodes.in_doubt}`
  return `state = CASE WHEN ${state} = ${stateCodes.claimed} THEN e.state ELSE ${state} END,
  round = ${value('round')},
  rev = e.rev + 1,
  owner_write = ${value('owner_write')},
  earlier_unknown = ${value('earlier_unknown')},
  lease_until_ms = CASE WHEN ${value('ends_lease')} THEN least(e.lease_until_ms, ${now}) ELSE e.lease_until_ms END,
  finished_at_ms = CASE WHEN ${state} IN (${stateCodes.succeeded}, ${stateCodes.failed}) THEN ${now} END,
  value = ${value('value')},
  value_kept = ${value('value_kept')},
  error = ${value('error')},
  steps = coalesce(${value('steps')}, e.steps),
  settled_digest = ${value('digest')},
  doubt_since_ms = CASE WHEN ${doubts} THEN coalesce(e.doubt_since_ms, ${now}) ELSE e.doubt_since_ms END,
  doubt_why = CASE WHEN ${doubts} THEN ${value('why')} ELSE e.doubt_why END`
}

/** The store's clock, the ref, and the row unless it was the one that the store knows (known.ts). */
function settleReturns(value: ValueName, now: string): string {
  return `${now}, e.ref, CASE WHEN e.rev IS DISTINCT FROM ${value('known_rev')} + 1 THEN ${rowText('e')} END`
}

type Params = readonly Param<SettleRequest>[]

function settleScalar(database: Database, { value, epoch, nonce }: ScalarPlaces): string {
  return `UPDATE ${database.tables.entries} e SET
  ${settleChanges(value, serverMs)}
WHERE e.ref = ${value('ref')} AND ${settleCondition(value)}
  AND ${lineageHolds(database, epoch, nonce)}`
}

function settleOne(database: Database): (places: ScalarPlaces) => string {
  return (places) => `${settleScalar(database, places)}
RETURNING ${serverMs}, e.ref, ${rowText('e')}`
}

/** Of a row that the store knows nothing comes back. A row that has changed since waits for another round. */
function settleKnown(database: Database): (places: ScalarPlaces) => string {
  return (places) => `${settleScalar(database, places)} AND e.rev = ${places.value('known_rev')}
RETURNING ${serverMs}, e.ref`
}

function settleMany(database: Database, params: Params): string {
  const value = batchNames(params, 'i')
  return `${lockedBatch(database, params)}
UPDATE ${database.tables.entries} e SET
  ${settleChanges(value, 'i.now_ms')}
FROM i
WHERE e.ref = i.ref AND ${settleCondition(value)}
RETURNING ${settleReturns(value, 'i.now_ms')}`
}

function retouchMany(database: Database, params: Params): string {
  return `${lockedBatch(database, params)}
UPDATE ${database.tables.entries} e SET rev = e.rev + 1
FROM i
WHERE e.ref = i.ref AND e.owner = i.owner AND e.attempt = i.attempt
  AND e.owner_write = i.owner_write AND e.settled_digest = i.digest
RETURNING i.now_ms, ${rowText('e')}`
}

/** The batch, and its rows locked in key order: two batches never wait for each other in a circle. */
function lockedBatch(database: Database, params: Params): string {
  return `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${database.tables.entries} e WHERE e.ref = i.ref FOR NO KEY UPDATE
  ) AS locked
  WHERE ${lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)}
)`
}
