import { delay, fullJitterMs, type Runtime } from '../../kernel/runtime.ts'
import { isStoreFault, type Lineage, StoreFault } from '../../ledger/store.ts'
import type { Database } from './database.ts'
import type { Session } from './session.ts'
import { sqlState } from './faults.ts'
import { readLineage } from './lineage.ts'
import { migrations, schemaVersion, timelineSql } from './tables.ts'

const createTries = 20

/**
 * Makes or migrates the schema, where that is needed, and gives the lineage. Safe when several processes start at
 * once: `IF NOT EXISTS` still fails when two make the same thing in the same moment, and whoever fails looks again.
 */
export async function openSchema(database: Database): Promise<Lineage> {
  const { runtime } = database.options
  for (let tries = 1; ; tries += 1) {
    const lineage = await database.session(async (session) => {
      try {
        return await openOnce(database, session, runtime)
      } catch (error) {
        if (tries === createTries || !isRace(error)) throw error
        // Paused with the connection in hand: idle ones do not keep the process alive.
        await delay(runtime, fullJitterMs(runtime, tries, { baseMs: 10, capMs: 250 }))
        return undefined
      }
    })
    if (lineage !== undefined) return lineage
  }
}

async function openOnce(database: Database, session: Session, runtime: Runtime): Promise<Lineage> {
  database.hasTimeline = await hasTimeline(database, session)
  const version = await readVersion(database, session)
  if (version < schemaVersion) await migrate(database, session, version)
  const nonce = Buffer.from(runtime.randomBytes(16)).toString('base64url')
  const { lineage } = database.tables
  const known = await readLineage(database, session)
  if (known !== undefined) return known.lineage
  const timeline = database.hasTimeline ? timelineSql : 'NULL'
  await session.run(
    database.statement(
      'begin_lineage',
      `INSERT INTO ${lineage} (id, epoch, nonce, timeline) VALUES (1, 1, $1::text, ${timeline}) ON CONFLICT DO NOTHING`,
    ),
    [nonce],
    'commit',
  )
  const made = await readLineage(database, session)
  if (made === undefined)
    throw new StoreFault('incompatible', `${database.options.location}: the ledger has lost its lineage row`)
  return made.lineage
}

/** Distributed kin have no write-ahead log of this kind, and no timelines. */
async function hasTimeline(database: Database, session: Session): Promise<boolean> {
  try {
    await session.run(database.statement('timeline', `SELECT ${timelineSql}`), [], 'commit')
    return true
  } catch (error) {
    if (!isStoreFault(error) || sqlState(error.cause) === undefined || error.kind === 'lost') throw error
    return false
  }
}

/** 0 where there is no ledger yet. Throws `incompatible` for a newer one. */
async function readVersion(database: Database, session: Session): Promise<number> {
  const { meta } = database.tables
  const { location } = database.options
  // Looked for without an error: on a connection inside a pooler even a failed statement is logged as one.
  const [found] = await session.run(
    database.statement('find', 'SELECT to_regclass($1::text)'),
    [meta],
    'commit',
  )
  if (found?.[0] === null || found === undefined) return 0
  const [row] = await session.command(`SELECT value FROM ${meta} WHERE name = 'schema_version'`, 'commit')
  const version = Number(row?.[0] ?? 0)
  if (version <= schemaVersion) return version
  throw new StoreFault(
    'incompatible',
    `${location} holds a ledger of schema ${version}; this version of Onceward knows up to ${schemaVersion}. Use a newer one.`,
  )
}

async function migrate(database: Database, session: Session, from: number): Promise<void> {
  const { tables, options } = database
  await session.transaction(async () => {
    if (options.schema !== undefined) await createSchema(session, options.schema)
    // Who waits for a lock on a table that is in use keeps all others waiting behind it.
    if (from > 0) await session.command("SET LOCAL lock_timeout = '2s'")
    for (const statement of migrations(tables).slice(from).flat()) await session.command(statement)
    if (from > 0 && database.hasTimeline) {
      await session.command(`UPDATE ${tables.lineage} SET timeline = ${timelineSql} WHERE timeline IS NULL`)
    }
    await session.command(
      `INSERT INTO ${tables.meta} (name, value) VALUES ('schema_version', '${schemaVersion}') ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    )
  })
}

/** Looked for first: `IF NOT EXISTS` asks for the right to create one even where it is there. */
async function createSchema(session: Session, name: string): Promise<void> {
  const [found] = await session.command(`SELECT 1 FROM pg_namespace WHERE nspname = '${name}'`)
  if (found === undefined) await session.command(`CREATE SCHEMA IF NOT EXISTS "${name}"`)
}

/** What two that create the same thing at once may see: a duplicate key of a catalogue, a table that is there now. */
function isRace(error: unknown): boolean {
  if (!isStoreFault(error)) return false
  if (error.kind === 'conflict') return true
  return ['23505', '42P07', '42P06', '42710', '42P01'].includes(sqlState(error.cause) ?? '')
}
