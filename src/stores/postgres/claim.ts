import type { Entry } from '../../ledger/entry.ts'
import {
  type ClaimRequest,
  type ClaimResult,
  type Lineage,
  type Reply,
  StoreFault,
} from '../../ledger/store.ts'
import { claimRow } from '../../ledger/transitions.ts'
import { type Database, requireDistinct, type Session, type Statement } from './database.ts'
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
import { columns, columnsOf, entryOf, safetyCodes, stateCodes } from './rows.ts'
import { serverMs } from './tables.ts'
import { makeTakeover } from './takeover.ts'

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

/** Tries after which rows that come and go between two statements are left to the caller's next try. */
const maxRounds = 5

export type Claim = (requests: readonly ClaimRequest[]) => Promise<Reply<ClaimResult>>

/** One claim of a batch, with what its statement is still to say about it. */
type Verdicts = Map<string, ClaimResult>

/** `claim`: inserts what is absent, takes over what is unchanged, shows what is there otherwise. */
export function makeClaim(database: Database, reader: Reader): Claim {
  const statements = { one: insertOne(database), many: insertMany(database) }
  const takeover = makeTakeover(database)

  async function write(
    requests: readonly ClaimRequest[],
    verdicts: Verdicts,
    wrote: Lineage,
  ): Promise<number> {
    const inserts = requests.filter((request) => request.expect === undefined)
    const takeovers = requests.filter((request) => request.expect !== undefined)
    const work = async (session: Session, phase: 'inside' | 'commit'): Promise<number> => {
      const insertedMs =
        inserts.length === 0 ? 0 : await insert({ session, phase, wrote }, statements, { inserts, verdicts })
      const takenMs =
        takeovers.length === 0 ? 0 : await takeover({ session, phase, wrote }, takeovers, verdicts)
      return Math.max(insertedMs, takenMs)
    }
    return database.session(async (session) => {
      // Two statements must be one batch: a `conflict` says that nothing of it was written.
      if (inserts.length === 0 || takeovers.length === 0) return work(session, 'commit')
      return session.transaction(() => work(session, 'inside'))
    })
  }

  return async (requests) => {
    requireDistinct(requests)
    const verdicts: Verdicts = new Map()
    let nowMs = 0
    let open = requests
    for (let round = 1; open.length > 0; round += 1) {
      if (round > maxRounds)
        throw new StoreFault(
          'conflict',
          `${database.options.location}: rows come and go while they are claimed`,
        )
      const wrote = database.writes
      nowMs = Math.max(nowMs, await write(open, verdicts, wrote))
      open = open.filter(({ ref }) => !verdicts.has(ref))
      if (open.length === 0) break
      if (open.length === requests.length) await checkLineage(database, wrote)
      const found = await reader.look(open.map(({ ref }) => ref))
      nowMs = Math.max(nowMs, found.nowMs)
      for (const request of open) addVerdict(verdicts, request, found.rows.get(request.ref))
      open = open.filter(({ ref }) => !verdicts.has(ref))
    }
    if (requests.length === 0) return { nowMs: (await reader.read([])).nowMs, results: [] }
    return { nowMs, results: requests.map(({ ref }) => verdicts.get(ref) as ClaimResult) }
  }
}

/** A row that could be taken over but was not is locked by a transaction (rule 10): whoever asked looks again later. */
function addVerdict(verdicts: Verdicts, request: ClaimRequest, row: Entry | undefined): void {
  if (row !== undefined) verdicts.set(request.ref, { kind: 'held', entry: row })
  else if (request.expect !== undefined) verdicts.set(request.ref, { kind: 'gone' })
}

async function insert(
  { session, phase, wrote }: Writing,
  statements: { one: Statement; many: Statement },
  { inserts, verdicts }: { inserts: readonly ClaimRequest[]; verdicts: Verdicts },
): Promise<number> {
  const [first] = inserts
  if (inserts.length === 1 && first !== undefined) {
    const rows = await session.run(
      statements.one,
      [...scalarValues(params, first), ...lineageValues(wrote)],
      phase,
    )
    return oneVerdict(rows, first, { verdicts, epoch: wrote.epoch })
  }
  const [row] = await session.run(
    statements.many,
    [...batchValues(params, inserts), ...lineageValues(wrote)],
    phase,
  )
  const at = { nowMs: Number(row?.[0]), epoch: wrote.epoch }
  const inserted = row?.[1] === 't' ? undefined : new Set((row?.[2] ?? '').split(','))
  for (const request of inserts) {
    if (inserted === undefined || inserted.has(request.ref))
      verdicts.set(request.ref, claimRow(undefined, request, at))
  }
  return at.nowMs
}

function oneVerdict(
  rows: readonly Row[],
  request: ClaimRequest,
  to: { verdicts: Verdicts; epoch: number },
): number {
  const inserted = rows.find((row) => row[1] === null)
  const [first] = rows
  if (inserted !== undefined) {
    to.verdicts.set(
      request.ref,
      claimRow(undefined, request, { nowMs: Number(inserted[0]), epoch: to.epoch }),
    )
  } else if (first !== undefined) {
    to.verdicts.set(request.ref, { kind: 'held', entry: entryOf(first, 1) })
  }
  return Number(first?.[0] ?? 0)
}

const insertedColumns = `ref, scope, operation, key, subject, fingerprint, owner, state, safety, lease_ms, retain_ms,
  epoch, attempt, round, rev, owner_write, earlier_unknown, value_kept, claimed_at_ms, lease_until_ms, first_send_ms`

/** The select list of an insert: what the request says, and what `claimRow` gives a new row. */
function insertedValues(value: ValueName, epoch: string, now: string): string {
  const given = params.map(({ name }) => value(name)).join(', ')
  const isStarted = `${value('state')} = ${stateCodes.started}`
  return `${given},
  ${epoch}::bigint, 1, 0, 1, 0, false, true, ${now}, ${now} + ${value('lease_ms')}, CASE WHEN ${isStarted} THEN ${now} END`
}

/**
 * A batch of one: the insert, and beside it the row that was there before, so that a replay takes one round trip. The
 * row that this very statement inserts is not in its snapshot, so there is one or the other, or none of them where
 * another transaction inserted it in between.
 */
function insertOne(database: Database): Statement {
  const { entries } = database.tables
  const values = insertedValues(scalarNames(params), `$${params.length + 1}`, serverMs)
  const holds = lineageHolds(database, `$${params.length + 1}`, `$${params.length + 2}`)
  return database.statement(
    'claim_one',
    `WITH inserted AS (
  INSERT INTO ${entries} (${insertedColumns})
  SELECT ${values}
  WHERE ${holds}
  ON CONFLICT (ref) DO NOTHING
  RETURNING claimed_at_ms
)
SELECT claimed_at_ms, ${columns.map(() => 'NULL').join(', ')} FROM inserted
UNION ALL
SELECT ${serverMs}, ${columnsOf('e')} FROM ${entries} e WHERE e.ref = $1::text`,
  )
}

/** Rows go in by key order, so that two batches that wait for each other's rows do so in one direction. */
function insertMany(database: Database): Statement {
  const { entries } = database.tables
  const size = `$${params.length + 1}`
  const epoch = `$${params.length + 2}`
  const holds = lineageHolds(database, epoch, `$${params.length + 3}`)
  return database.statement(
    'claim_many',
    `WITH clock AS MATERIALIZED (SELECT ${serverMs} AS now_ms),
inserted AS (
  INSERT INTO ${entries} (${insertedColumns})
  SELECT ${insertedValues(batchNames(params, 'i'), epoch, 'clock.now_ms')}
  FROM ${batchOf(params)} CROSS JOIN clock
  WHERE ${holds}
  ORDER BY i.ref COLLATE "C"
  ON CONFLICT (ref) DO NOTHING
  RETURNING ref
)
SELECT (SELECT now_ms FROM clock), count(*) = ${size}::bigint, CASE WHEN count(*) < ${size}::bigint THEN string_agg(ref, ',') END
FROM inserted`,
  )
}
