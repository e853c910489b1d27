import type { Entry } from '../../ledger/entry.ts'
import { isSameLineage } from '../../ledger/lineage.ts'
import type { Lineage, RecallRequest, RecallResult, Reply } from '../../ledger/store.ts'
import { recallRow } from '../../ledger/transitions.ts'
import { restless } from './claim.ts'
import { type Database, requireDistinct } from './database.ts'
import { checkLineage, lineageHolds, lineageValues, readLineage } from './lineage.ts'
import { batchNames, batchOf, batchValues, type Param, textArray } from './params.ts'
import { inPortions } from './portions.ts'
import { entryOf, json, rowText, safetyCodes, stateCodes } from './rows.ts'
import type { Session, Statement } from './session.ts'
import { serverMs } from './tables.ts'

export type Recall = (requests: readonly RecallRequest[], named?: Lineage) => Promise<Reply<RecallResult>>

const maxRounds = 5

type Verdicts = Map<string, RecallResult>

/** A whole row, column by column. */
const params: readonly Param<Entry>[] = [
  { name: 'ref', type: 'text', of: (entry) => entry.ref },
  { name: 'scope', type: 'text', of: (entry) => entry.scope },
  { name: 'operation', type: 'text', of: (entry) => entry.operation },
  { name: 'key', type: 'text', of: (entry) => entry.key },
  { name: 'subject', type: 'text', of: (entry) => entry.subject },
  { name: 'safety', type: 'smallint', of: (entry) => safetyCodes[entry.safety] },
  { name: 'fingerprint', type: 'text', of: (entry) => entry.fingerprint },
  { name: 'state', type: 'smallint', of: (entry) => stateCodes[entry.state] },
  { name: 'owner', type: 'text', of: (entry) => entry.owner },
  { name: 'epoch', type: 'bigint', of: (entry) => entry.epoch },
  { name: 'attempt', type: 'integer', of: (entry) => entry.attempt },
  { name: 'round', type: 'integer', of: (entry) => entry.round },
  { name: 'rev', type: 'integer', of: (entry) => entry.rev },
  { name: 'owner_write', type: 'integer', of: (entry) => entry.ownerWrite },
  { name: 'lease_ms', type: 'bigint', of: (entry) => entry.leaseMs },
  { name: 'lease_until_ms', type: 'bigint', of: (entry) => entry.leaseUntilMs },
  { name: 'claimed_at_ms', type: 'bigint', of: (entry) => entry.claimedAtMs },
  { name: 'first_send_ms', type: 'bigint', of: (entry) => entry.firstPossibleSendAtMs },
  { name: 'finished_at_ms', type: 'bigint', of: (entry) => entry.finishedAtMs },
  { name: 'earlier_unknown', type: 'boolean', of: (entry) => entry.earlierUnknown },
  { name: 'value', type: 'bytea', of: (entry) => entry.value },
  { name: 'value_kept', type: 'boolean', of: (entry) => entry.valueKept },
  { name: 'error', type: 'text', of: (entry) => json(entry.error) },
  { name: 'steps', type: 'text', of: (entry) => json(entry.steps) },
  { name: 'settled_digest', type: 'text', of: (entry) => entry.settledDigest },
  { name: 'doubt_since_ms', type: 'bigint', of: (entry) => entry.doubt?.sinceMs },
  { name: 'doubt_why', type: 'text', of: (entry) => json(entry.doubt?.why) },
  { name: 'resolved_at_ms', type: 'bigint', of: (entry) => entry.resolution?.atMs },
  { name: 'resolution', type: 'text', of: ({ resolution }) => json(resolution && evidenceOf(resolution)) },
  { name: 'retain_ms', type: 'bigint', of: (entry) => entry.retainMs },
  {
    name: 'buried_state',
    type: 'smallint',
    of: ({ buriedState }) => buriedState && stateCodes[buriedState],
  },
  { name: 'claimed_epoch', type: 'bigint', of: (entry) => entry.claimedEpoch },
]

function evidenceOf({ by, because }: { readonly by: string; readonly because: string }): object {
  return { by, because }
}

/**
 * `recall`: the rows are locked in key order, merged by the transition itself, and written. It happens once in a
 * failover, so a lock that is held over two round trips costs less than the merge said a second time in SQL.
 */
export function makeRecall(database: Database): Recall {
  const statements = recallStatements(database)
  return async (requests, named) => {
    const entries = requests.map(({ entry }) => entry)
    requireDistinct(entries)
    const wrote = named ?? database.writes
    return inPortions(entries, async (portion) => {
      const verdicts: Verdicts = new Map()
      let nowMs = 0
      for (let round = 1; round === 1 || verdicts.size < portion.length; round += 1) {
        if (round > maxRounds) throw restless(database)
        const open = portion.filter(({ ref }) => !verdicts.has(ref))
        const merged = await database.session((session) =>
          session.transaction(() => merge({ database, session, statements, wrote }, open, verdicts)),
        )
        if (merged === 'moved') await checkLineage(database, wrote)
        else nowMs = merged
      }
      return { nowMs, results: portion.map(({ ref }) => verdicts.get(ref) as RecallResult) }
    })
  }
}

interface Merging {
  readonly database: Database
  readonly session: Session
  readonly statements: RecallStatements
  readonly wrote: Lineage
}

/** Gives the store's clock, or that the lineage is another one. What was inserted by somebody else meanwhile gets no verdict. */
async function merge(
  { database, session, statements, wrote }: Merging,
  entries: readonly Entry[],
  verdicts: Verdicts,
): Promise<number | 'moved'> {
  const seen = await readLineage(database, session)
  if (seen === undefined || seen.isElsewhere || !isSameLineage(seen.lineage, wrote)) return 'moved'
  const [clock] = await session.run(statements.clock, [], 'inside')
  const nowMs = Number(clock?.[0])
  const refs = textArray(entries.map(({ ref }) => ref))
  const locked = await session.run(statements.lock, [refs, entries.length], 'inside')
  const rows = new Map(locked.map(([row]) => entryOf(row as string)).map((row) => [row.ref, row]))
  const merged = new Map(
    entries.map((entry) => [
      entry.ref,
      recallRow(rows.get(entry.ref), { entry }, { nowMs, epoch: wrote.epoch }),
    ]),
  )
  for (const [ref, result] of merged) if (result.kind === 'kept') verdicts.set(ref, result)
  const written = [...merged.values()].filter(({ kind }) => kind !== 'kept').map(({ entry }) => entry)
  const write = async (statement: Statement, batch: readonly Entry[]): Promise<void> => {
    if (batch.length === 0) return
    const values = [...batchValues(params, batch), ...lineageValues(wrote)]
    for (const [ref] of await session.run(statement, values, 'inside')) {
      verdicts.set(ref as string, merged.get(ref as string) as RecallResult)
    }
  }
  await write(
    statements.update,
    written.filter(({ ref }) => rows.has(ref)),
  )
  await write(
    statements.insert,
    written.filter(({ ref }) => !rows.has(ref)),
  )
  return nowMs
}

interface RecallStatements {
  readonly clock: Statement
  readonly lock: Statement
  readonly update: Statement
  readonly insert: Statement
}

function recallStatements(database: Database): RecallStatements {
  const { entries } = database.tables
  const names = params.map(({ name }) => name)
  const value = batchNames(params, 'i')
  const holds = lineageHolds(database, `$${params.length + 2}`, `$${params.length + 3}`)
  return {
    clock: database.statement('clock', `SELECT ${serverMs}`),
    lock: database.statement(
      'recall_lock',
      `SELECT locked.whole FROM (
  SELECT ref FROM unnest($1::text[]) AS given (ref) ORDER BY ref COLLATE "C" LIMIT $2::bigint
) AS i CROSS JOIN LATERAL (
  SELECT ${rowText('e')} AS whole FROM ${entries} e WHERE e.ref = i.ref FOR NO KEY UPDATE
) AS locked`,
    ),
    update: database.statement(
      'recall_update',
      `UPDATE ${entries} e SET ${names
        .filter((name) => name !== 'ref')
        .map((name) => `${name} = ${value(name)}`)
        .join(', ')}
FROM ${batchOf(params)}
WHERE e.ref = i.ref AND ${holds}
RETURNING e.ref`,
    ),
    insert: database.statement(
      'recall_insert',
      `INSERT INTO ${entries} (${names.join(', ')})
SELECT ${names.map(value).join(', ')} FROM ${batchOf(params)}
WHERE ${holds}
ORDER BY i.ref COLLATE "C"
ON CONFLICT (ref) DO NOTHING
RETURNING ref`,
    ),
  }
}
