import type { Entry } from '../../ledger/entry.ts'
import { type Reply, type SettleRequest, type SettleResult, StoreFault } from '../../ledger/store.ts'
import { settleRow } from '../../ledger/transitions.ts'
import { type Database, requireDistinct, type Statement } from './database.ts'
import { checkLineage, lineageHolds, lineageValues, type Writing } from './lineage.ts'
import {
  batchNames,
  batchOf,
  batchValues,
  type Param,
  scalarNames,
  scalarValues,
  type ValueName,
} from './params.ts'
import type { Row } from './pool.ts'
import type { Reader } from './read.ts'
import { columnsOf, entryOf, json, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'

const params: readonly Param<SettleRequest>[] = [
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
  {
    name: 'why',
    type: 'text',
    of: (request) => (request.to === 'in_doubt' ? json(request.why ?? '') : undefined),
  },
  { name: 'digest', type: 'text', of: (request) => request.digest },
]

const maxRounds = 5

export interface Settle {
  many(requests: readonly SettleRequest[]): Promise<Reply<SettleResult>>
  /** The one statement that settles, without a look at why it did not: for the end of a transaction. */
  inside(writing: Writing, request: SettleRequest): Promise<Entry | undefined>
}

/** `settle`: the owner's write, conditional on owner and attempt, or the recognition that it was applied (rule 4). */
export function makeSettle(database: Database, reader: Reader): Settle {
  const statements: Statements = {
    settleOne: settleOne(database),
    settleMany: settleMany(database),
    retouch: retouchMany(database),
  }

  async function many(requests: readonly SettleRequest[]): Promise<Reply<SettleResult>> {
    requireDistinct(requests)
    const verdicts = new Map<string, SettleResult>()
    let nowMs = 0
    let open = requests
    let repeated: readonly SettleRequest[] = []
    for (let round = 1; open.length > 0; round += 1) {
      if (round > maxRounds)
        throw new StoreFault('conflict', `${database.options.location}: rows change while they are settled`)
      const wrote = database.writes
      const fresh = open.filter((request) => !repeated.includes(request))
      const at = await database.session(async (session) => {
        const writing: Writing = { session, phase: 'commit', wrote }
        const settledMs = await settle(writing, statements, { requests: fresh, verdicts })
        return Math.max(
          settledMs,
          await retouch(writing, statements.retouch, { requests: repeated, verdicts }),
        )
      })
      nowMs = Math.max(nowMs, at)
      const left = open.filter(({ ref }) => !verdicts.has(ref))
      if (left.length === 0) break
      if (left.length === open.length) await checkLineage(database, wrote)
      const found = await reader.look(left.map(({ ref }) => ref))
      nowMs = Math.max(nowMs, found.nowMs)
      for (const request of left) addStale(verdicts, request, found.rows.get(request.ref))
      open = left.filter(({ ref }) => !verdicts.has(ref))
      repeated = open.filter((request) => isRepeated(request, found.rows.get(request.ref)))
    }
    if (requests.length === 0) return { nowMs: (await reader.read([])).nowMs, results: [] }
    return { nowMs, results: requests.map(({ ref }) => verdicts.get(ref) as SettleResult) }
  }

  return {
    many,
    inside: async (writing, request) => {
      const verdicts = new Map<string, SettleResult>()
      await settle(writing, statements, { requests: [request], verdicts })
      if (verdicts.size === 0) await retouch(writing, statements.retouch, { requests: [request], verdicts })
      return verdicts.get(request.ref)?.entry
    },
  }
}

interface Statements {
  readonly settleOne: Statement
  readonly settleMany: Statement
  readonly retouch: Statement
}

interface Batch {
  readonly requests: readonly SettleRequest[]
  readonly verdicts: Map<string, SettleResult>
}

/** A row on which the settle would still go through is asked once more; any other is stale. */
function addStale(verdicts: Map<string, SettleResult>, request: SettleRequest, row: Entry | undefined): void {
  const verdict = settleRow(row, request, { nowMs: 0, epoch: 0 })
  if (verdict.kind === 'stale') verdicts.set(request.ref, { kind: 'stale', entry: row })
}

function isRepeated(request: SettleRequest, row: Entry | undefined): boolean {
  return row !== undefined && row.ownerWrite === request.ownerWrite && row.settledDigest === request.digest
}

async function settle(
  { session, phase, wrote }: Writing,
  statements: Statements,
  batch: Batch,
): Promise<number> {
  const { requests, verdicts } = batch
  const [first] = requests
  if (first === undefined) return 0
  const [statement, values] =
    requests.length === 1
      ? [statements.settleOne, scalarValues(params, first)]
      : [statements.settleMany, batchValues(params, requests)]
  const rows = await session.run(statement, [...values, ...lineageValues(wrote)], phase)
  if (rows.length === 0) return 0
  const byRef = new Map(requests.map((request) => [request.ref, request]))
  for (const row of rows) {
    const request = byRef.get(row[1] as string)
    if (request !== undefined)
      verdicts.set(request.ref, { kind: 'settled', entry: settledEntry(row, request) })
  }
  return Number(rows[0]?.[0])
}

/** What the request itself has said does not come back over the wire. */
const unsaid = { value: 'NULL', error: 'NULL', settled_digest: 'NULL' }

function settledEntry(row: Row, request: SettleRequest): Entry {
  const { value, error, steps, digest } = request
  return {
    ...entryOf(row, 1),
    settledDigest: digest,
    ...(value === undefined ? {} : { value }),
    ...(error === undefined ? {} : { error }),
    ...(steps === undefined ? {} : { steps }),
  }
}

/** Rule 4: the same content once more is a write of its own, whose commit is acknowledged, and changes nothing else. */
async function retouch(
  { session, phase, wrote }: Writing,
  statement: Statement,
  { requests, verdicts }: Batch,
): Promise<number> {
  if (requests.length === 0) return 0
  const rows = await session.run(
    statement,
    [...batchValues(params, requests), ...lineageValues(wrote)],
    phase,
  )
  for (const row of rows) {
    const entry = entryOf(row, 1)
    verdicts.set(entry.ref, { kind: 'settled', entry })
  }
  return Number(rows[0]?.[0] ?? 0)
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

/** Steps come back only where the request did not say them. */
function settledColumns(value: ValueName): string {
  return columnsOf('e', { ...unsaid, steps: `CASE WHEN ${value('steps')} IS NULL THEN e.steps END` })
}

function settleOne(database: Database): Statement {
  const value = scalarNames(params)
  const holds = lineageHolds(database, `$${params.length + 1}`, `$${params.length + 2}`)
  return database.statement(
    'settle_one',
    `UPDATE ${database.tables.entries} e SET
  ${settleChanges(value, serverMs)}
WHERE e.ref = ${value('ref')} AND ${settleCondition(value)} AND ${holds}
RETURNING ${serverMs}, ${settledColumns(value)}`,
  )
}

/** `i` holds the requests whose rows it has locked, in key order: two batches never wait for each other in a circle. */
function lockedBatch(database: Database): string {
  const holds = lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)
  return `WITH i AS MATERIALIZED (
  SELECT i.*, ${serverMs} AS now_ms FROM ${batchOf(params)}
  CROSS JOIN LATERAL (
    SELECT e.ref FROM ${database.tables.entries} e WHERE e.ref = i.ref FOR NO KEY UPDATE
  ) AS locked
  WHERE ${holds}
)`
}

function settleMany(database: Database): Statement {
  const value = batchNames(params, 'i')
  return database.statement(
    'settle_many',
    `${lockedBatch(database)}
UPDATE ${database.tables.entries} e SET
  ${settleChanges(value, 'i.now_ms')}
FROM i
WHERE e.ref = i.ref AND ${settleCondition(value)}
RETURNING i.now_ms, ${settledColumns(value)}`,
  )
}

function retouchMany(database: Database): Statement {
  return database.statement(
    'settle_again',
    `${lockedBatch(database)}
UPDATE ${database.tables.entries} e SET rev = e.rev + 1
FROM i
WHERE e.ref = i.ref AND e.owner = i.owner AND e.attempt = i.attempt
  AND e.owner_write = i.owner_write AND e.settled_digest = i.digest
RETURNING i.now_ms, ${columnsOf('e')}`,
  )
}
