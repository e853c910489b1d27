import type { Entry } from '../../ledger/entry.ts'
import type { Lineage, SettleRequest, SettleResult } from '../../ledger/store.ts'
import { settleRow } from '../../ledger/transitions.ts'
import type { Database } from './database.ts'
import { lineageHolds, lineageValues, type Writing } from './lineage.ts'
import { batchNames, batchOf, batchValues, type Param, type ValueName } from './params.ts'
import { entryOf, json, rowText, stateCodes } from './rows.ts'
import { type ScalarPlaces, scalarStatements } from './scalar.ts'
import { serverMs, stateUnindexed } from './tables.ts'

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

/** A request, and the row as its owner last knew it, which is worth something under the lineage that it was read in. */
interface Known {
  readonly request: SettleRequest
  readonly row: Entry | undefined
}

function knownOf(request: SettleRequest, wrote: Lineage): Known {
  const { known } = request
  const isKnown =
    known?.epoch === wrote.epoch && known.owner === request.owner && known.attempt === request.attempt
  return { request, row: isKnown ? known : undefined }
}

const params: readonly Param<Known>[] = [
  { name: 'ref', type: 'text', of: ({ request }) => request.ref },
  { name: 'owner', type: 'text', of: ({ request }) => request.owner },
  { name: 'attempt', type: 'integer', of: ({ request }) => request.attempt },
  { name: 'owner_write', type: 'integer', of: ({ request }) => request.ownerWrite },
  { name: 'state', type: 'smallint', of: ({ request }) => stateCodes[request.to] },
  { name: 'round', type: 'integer', of: ({ request }) => request.round },
  { name: 'earlier_unknown', type: 'boolean', of: ({ request }) => request.earlierUnknown },
  { name: 'ends_lease', type: 'boolean', of: ({ request }) => request.endsLease },
  { name: 'value', type: 'bytea', of: ({ request }) => request.value },
  { name: 'value_kept', type: 'boolean', of: ({ request }) => request.valueKept },
  { name: 'error', type: 'text', of: ({ request }) => json(request.error) },
  { name: 'steps', type: 'text', of: ({ request }) => json(request.steps) },
  { name: 'why', type: 'text', of: ({ request }) => whyOf(request) },
  { name: 'digest', type: 'text', of: ({ request }) => request.digest },
  { name: 'known_rev', type: 'integer', of: ({ row }) => row?.rev },
]

function whyOf(request: SettleRequest): string | undefined {
  return request.to === 'in_doubt' ? json(request.why ?? '') : undefined
}

export function makeSettleStatements(database: Database): SettleStatements {
  const one = scalarStatements(database, params, { name: 'settle_one', text: settleOne(database) })
  const oneKnown = scalarStatements(database, params, { name: 'settle_known', text: settleKnown(database) })
  const many = database.statement('settle_many', settleMany(database))
  const again = database.statement('settle_again', retouchMany(database))

  const settle: Write = async ({ session, phase, wrote }, requests, verdicts) => {
    const batch = requests.map((request) => knownOf(request, wrote))
    const [first] = batch
    if (first === undefined) return 0
    const scalar = first.row === undefined ? one : oneKnown
    const { statement, values } =
      batch.length === 1 ? scalar(first) : { statement: many, values: batchValues(params, batch) }
    const rows = await session.run(statement, [...values, ...lineageValues(wrote)], phase)
    const at = { nowMs: Number(rows[0]?.[0] ?? 0), epoch: wrote.epoch }
    const byRef = new Map(batch.map((known) => [known.request.ref, known]))
    for (const [, ref, text] of rows) {
      const known = byRef.get(ref as string)
      if (known === undefined) continue
      const { request, row } = known
      if (typeof text === 'string') verdicts.set(request.ref, { kind: 'settled', entry: entryOf(text) })
      else verdicts.set(request.ref, settleRow(row, request, at))
    }
    return at.nowMs
  }

  const retouch: Write = async ({ session, phase, wrote }, requests, verdicts) => {
    if (requests.length === 0) return 0
    const batch = requests.map((request) => ({ request, row: undefined }))
    const rows = await session.run(again, [...batchValues(params, batch), ...lineageValues(wrote)], phase)
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
  AND ${stateUnindexed} <= CASE WHEN ${isStep} THEN ${stateCodes.started} ELSE ${stateCodes.in_doubt} END`
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

/** The store's clock, the ref, and the row unless it was the one that the owner knows: then it is known but for this write. */
function settleReturns(value: ValueName, now: string): string {
  return `${now}, e.ref, CASE WHEN e.rev IS DISTINCT FROM ${value('known_rev')} + 1 THEN ${rowText('e')} END`
}

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

/** Of a row that the owner knows nothing comes back. One that has changed since waits for another round. */
function settleKnown(database: Database): (places: ScalarPlaces) => string {
  return (places) => `${settleScalar(database, places)} AND e.rev = ${places.value('known_rev')}
RETURNING ${serverMs}, e.ref`
}

function settleMany(database: Database): string {
  const value = batchNames(params, 'i')
  return `${lockedBatch(database)}
UPDATE ${database.tables.entries} e SET
  ${settleChanges(value, 'i.now_ms')}
FROM i
WHERE e.ref = i.ref AND ${settleCondition(value)}
RETURNING ${settleReturns(value, 'i.now_ms')}`
}

function retouchMany(database: Database): string {
  return `${lockedBatch(database)}
UPDATE ${database.tables.entries} e SET rev = e.rev + 1
FROM i
WHERE e.ref = i.ref AND e.owner = i.owner AND e.attempt = i.attempt
  AND e.owner_write = i.owner_write AND COALESCE(e.settled_digest, '') = i.digest
RETURNING i.now_ms, ${rowText('e')}`
}

/** The batch, and its rows locked in key order: two batches never wait for each other in a circle. */
function lockedBatch(database: Database): string {
  return `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${database.tables.entries} e WHERE e.ref = i.ref FOR NO KEY UPDATE
  ) AS locked
  WHERE ${lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)}
)`
}
