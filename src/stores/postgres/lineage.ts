import { type Lineage, StoreFault } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Session, Statement } from './session.ts'

/** Where a statement of a batch runs, and under which lineage. */
export interface Writing {
  readonly session: Session
  readonly phase: 'inside' | 'commit'
  readonly wrote: Lineage
}

/**
 * Every write names the lineage it believes in and writes nothing under another: `${lineageHolds(…)}` is a condition
 * of its statement, looked up once per statement. `epoch` and `nonce` are the places of the two values.
 */
export function lineageHolds(database: Database, epoch: string, nonce: string): string {
  return `EXISTS (SELECT 1 FROM ${database.tables.lineage} WHERE id = 1 AND epoch = ${epoch}::bigint AND nonce = ${nonce}::text)`
}

export function lineageValues({ epoch, nonce }: Lineage): readonly [number, string] {
  return [epoch, nonce]
}

function lineageStatement(database: Database): Statement {
  return database.statement('lineage', `SELECT epoch, nonce FROM ${database.tables.lineage} WHERE id = 1`)
}

export async function readLineage(database: Database, session: Session): Promise<Lineage | undefined> {
  const [row] = await session.run(lineageStatement(database), [], 'commit')
  return row === undefined ? undefined : { epoch: Number(row[0]), nonce: String(row[1]) }
}

/**
 * For a write that changed no row: was it because somebody has begun a new lineage since `wrote` was read? Then the
 * store goes on under the new one, and the batch is a `conflict`, tried again. Throws `incompatible` without a lineage.
 */
export function checkLineage(database: Database, wrote: Lineage): Promise<void> {
  return database.session((session) => checkLineageOn(session, database, wrote))
}

/** The same on a connection in hand. */
export async function checkLineageOn(session: Session, database: Database, wrote: Lineage): Promise<void> {
  const { location } = database.options
  const current = await readLineage(database, session)
  if (current === undefined)
    throw new StoreFault('incompatible', `${location}: the ledger has lost its lineage row`)
  if (current.epoch === wrote.epoch && current.nonce === wrote.nonce) return
  database.writes = current
  throw new StoreFault('conflict', `${location}: the store's lineage has changed to epoch ${current.epoch}`)
}
