import { isMissing, isSameLineage, lineageConflict } from '../../ledger/lineage.ts'
import { type Lineage, StoreFault, type Watched } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Session, Statement } from './session.ts'
import { serverMs, timelineSql } from './tables.ts'

/** Where a statement of a batch runs, and under which lineage. */
export interface Writing {
  readonly session: Session
  readonly phase: 'inside' | 'commit'
  readonly wrote: Lineage
}

/**
 * Every write names the lineage it believes in and writes nothing under another: `${lineageHolds(…)}` is a condition
 * of its statement, looked up once per statement. `epoch` and `nonce` are the places of the two values. The server's
 * timeline is part of it: a promoted standby is known by it, whatever connection the statement comes on.
 */
export function lineageHolds(database: Database, epoch: string, nonce: string): string {
  const timeline = database.hasTimeline ? ` AND (timeline IS NULL OR timeline = ${timelineSql})` : ''
  return `EXISTS (SELECT 1 FROM ${database.tables.lineage} WHERE id = 1 AND epoch = ${epoch}::bigint AND nonce = ${nonce}::text${timeline})`
}

export function lineageValues({ epoch, nonce }: Lineage): readonly [number, string] {
  return [epoch, nonce]
}

/** What the lineage row of a server says, and whether it was begun on another timeline than the server's. */
export interface SeenLineage {
  readonly lineage: Lineage
  readonly isElsewhere: boolean
}

function lineageStatement(database: Database): Statement {
  const isElsewhere = database.hasTimeline ? `coalesce(timeline <> ${timelineSql}, false)` : 'false'
  return database.statement(
    'lineage',
    `SELECT epoch, nonce, began_at_ms, ${isElsewhere} FROM ${database.tables.lineage} WHERE id = 1`,
  )
}

export async function readLineage(database: Database, session: Session): Promise<SeenLineage | undefined> {
  const [row] = await session.run(lineageStatement(database), [], 'commit')
  if (row === undefined) return undefined
  const [epoch, nonce, beganAtMs, isElsewhere] = row
  return {
    lineage: {
      epoch: Number(epoch),
      nonce: String(nonce),
      ...(typeof beganAtMs === 'string' ? { beganAtMs: Number(beganAtMs) } : {}),
    },
    isElsewhere: isElsewhere === 't',
  }
}

/** Tries after which lineages that come and go are left to the caller's next try. */
const maxRounds = 5

/**
 * Looks at the lineage of the server behind a connection, begins another where rows may be missing, and goes on under
 * what stands then. Throws `unavailable` for a server that has been replaced, `incompatible` without a lineage.
 */
export async function followLineage(database: Database, session: Session): Promise<Lineage> {
  const { location } = database.options
  for (let round = 0; round < maxRounds; round += 1) {
    const seen = await readLineage(database, session)
    if (seen === undefined)
      throw new StoreFault('incompatible', `${location}: the ledger has lost its lineage row`)
    const judgement = database.lineages.judge({ ...seen, isFresh: session.isFresh })
    switch (judgement.kind) {
      case 'follow':
        return database.lineages.follow(seen.lineage)
      case 'stale':
        session.giveUp()
        throw new StoreFault('unavailable', `${location}: the connection leads to a server that was replaced`)
      case 'begin':
        await beginLineage(database, session, { epoch: judgement.epoch, after: seen.lineage })
    }
  }
  throw new StoreFault('conflict', `${location}: its lineages change faster than they can be followed`)
}

/** One conditional write: of many that see the same, one begins the next lineage. */
export async function beginLineage(
  database: Database,
  session: Session,
  { epoch, after }: { readonly epoch: number; readonly after: Lineage },
): Promise<void> {
  const nonce = Buffer.from(database.options.runtime.randomBytes(16)).toString('base64url')
  const timeline = database.hasTimeline ? `, timeline = ${timelineSql}` : ''
  const statement = database.statement(
    'next_lineage',
    `UPDATE ${database.tables.lineage} SET epoch = $1::bigint, nonce = $2::text, began_at_ms = ${serverMs}${timeline}
WHERE id = 1 AND epoch = $3::bigint AND nonce = $4::text`,
  )
  await session.run(statement, [epoch, nonce, ...lineageValues(after)], 'commit')
}

/**
 * For a write that changed no row: was it because somebody has begun a new lineage since `wrote` was read, or because
 * one is to be begun? Then the batch is a `conflict` that carries it. Throws `incompatible` without a lineage.
 */
export function checkLineage(database: Database, wrote: Lineage): Promise<void> {
  return database.session((session) => checkLineageOn(session, database, wrote))
}

/** The same on a connection in hand. */
export async function checkLineageOn(session: Session, database: Database, wrote: Lineage): Promise<void> {
  const stands = await followLineage(database, session)
  if (!isSameLineage(stands, wrote)) throw lineageConflict(database.options.location, stands)
}

/** Begins the lineage after `left`, if it still stands. */
export function leaveLineage(database: Database, left: Lineage): Promise<Lineage> {
  return database.session(async (session) => {
    const stands = await followLineage(database, session)
    if (!isSameLineage(stands, left)) return stands
    await beginLineage(database, session, { epoch: left.epoch + 1, after: left })
    return followLineage(database, session)
  })
}

/** What connections are looked at with, for the store that is made on `database`. */
export function makeGreet(
  database: Database,
  watches: readonly (() => Watched | undefined)[],
): (session: Session) => Promise<void> {
  const statement = database.statement(
    'witnesses',
    `SELECT ${serverMs}, (SELECT rev FROM ${database.tables.entries} e WHERE e.ref = $1::text), (SELECT rev FROM ${database.tables.entries} e WHERE e.ref = $2::text)`,
  )
  const lost = async (session: Session, { lineage, witnesses }: Watched): Promise<boolean> => {
    const { newest } = database.lineages
    // Of another lineage it is being recalled, or will be.
    if (newest === undefined || !isSameLineage(lineage, newest)) return false
    const refs = [witnesses[0]?.ref ?? '', witnesses[1]?.ref ?? '']
    const [row] = await session.run(statement, refs, 'commit')
    const [nowMs, ...revs] = (row ?? []).map((cell) => (cell === null ? undefined : Number(cell)))
    return witnesses.some((witness, index) => isMissing(witness, revs[index], nowMs ?? 0))
  }
  return async (session) => {
    if (database.lineages.haveChanged) await followLineage(database, session)
    if (!session.isFresh) return
    for (const watch of watches) {
      const watched = watch()
      if (watched === undefined || !(await lost(session, watched))) continue
      const { epoch } = watched.lineage
      await beginLineage(database, session, { epoch: epoch + 1, after: watched.lineage })
      await followLineage(database, session)
    }
  }
}
