import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { sqlitePathOf } from '../../stores/open.ts'
import { durabilityPragmas, loadSqlite, readPragma } from '../../stores/sqlite/driver.ts'
import { lineageSql, readVersion, schemaVersion } from '../../stores/sqlite/schema.ts'
import { readFileSystem } from './file-system.ts'
import { claimsOf } from './promises.ts'
import { type Examination, findingsOf, problem, remark, runChecks, type StoreReport } from './report.ts'
import { incompatible } from './schema-version.ts'
import { type SqliteFacts, sqliteRules } from './sqlite-checks.ts'

/** The SQLite inside this Node. */
export function sqliteVersion(): string {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(':memory:')
  const [version] = Object.values(db.prepare('SELECT sqlite_version()').get() ?? {})
  db.close()
  return String(version)
}

/** Looks at a SQLite file with a connection that writes nothing, and makes no file where there is none. */
export async function examineSqlite(url: string): Promise<Examination> {
  const path = sqlitePathOf(url)
  try {
    await stat(path)
    return judgeSqlite(path, await readSqliteFacts(path))
  } catch (error) {
    return unreachable(path, error)
  }
}

async function readSqliteFacts(path: string): Promise<SqliteFacts> {
  const isWritable = await canWrite(path)
  const fileSystem = await readFileSystem(path)
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(path, { timeout: 2000 })
  try {
    db.exec(durabilityPragmas)
    const version = readVersion(db)
    return {
      sqliteVersion: sqliteVersion(),
      journalMode: String(readPragma(db, 'journal_mode')).toLowerCase(),
      synchronous: synchronousNames[Number(readPragma(db, 'synchronous'))] ?? 'unknown',
      isWritable,
      fileSystem,
      schemaVersion: version,
      lineage: version === undefined ? undefined : readLineage(db),
    }
  } finally {
    db.close()
  }
}

const synchronousNames: readonly string[] = ['off', 'normal', 'full', 'extra']

function readLineage(db: DatabaseSync): SqliteFacts['lineage'] {
  const row = db.prepare(lineageSql).get()
  return row === undefined ? undefined : { epoch: Number(row['epoch']), nonce: String(row['nonce']) }
}

async function canWrite(path: string): Promise<boolean> {
  // SQLite also writes beside the file.
  const checks = [access(path, constants.W_OK), access(dirname(path), constants.W_OK)]
  return (await Promise.allSettled(checks)).every((check) => check.status === 'fulfilled')
}

/** Says what the facts mean. Pure, so that each case has a test without a file that is broken in just that way. */
export function judgeSqlite(path: string, facts: SqliteFacts): Examination {
  const { journalMode, synchronous, isWritable, fileSystem, lineage, schemaVersion: found } = facts
  const store: StoreReport = {
    kind: 'sqlite',
    location: `sqlite:${path}`,
    reachable: true,
    ...(found === undefined ? {} : { schemaVersion: found }),
    ...(lineage === undefined ? {} : { lineage }),
    settings: { journalMode, synchronous, writable: isWritable, fileSystem: fileSystem.name },
  }
  const checks = runChecks(sqliteRules, facts)
  const none = found === undefined ? [remark(`${path} holds no ledger yet; the first use makes it.`)] : []
  const findings = [...findingsOf(sqliteRules, facts), ...none]
  return {
    store,
    checks,
    claims: claimsOf('sqlite', checks),
    findings,
    ...incompatible(found, schemaVersion),
  }
}

function unreachable(path: string, error: unknown): Examination {
  const isAbsent = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
  const text = isAbsent
    ? `There is no ledger at ${path}.`
    : `The ledger at ${path} cannot be read: ${messageOf(error)}`
  const store: StoreReport = { kind: 'sqlite', location: `sqlite:${path}`, reachable: false, settings: {} }
  return {
    store,
    claims: [],
    checks: [],
    findings: [problem(text)],
    error: new OncewardError('STORE_UNAVAILABLE', text, { cause: error }),
  }
}
