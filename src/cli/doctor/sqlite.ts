import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { messageOf, OncewardError } from '../../kernel/errors.ts'
import { sqlitePathOf } from '../../stores/open.ts'
import { canUseWal, loadSqlite, readPragma } from '../../stores/sqlite/driver.ts'
import { readVersion, schemaVersion } from '../../stores/sqlite/schema.ts'
import { type Claim, type Examination, type Finding, problem, remark, type StoreReport } from './report.ts'

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
    return await examineFile(path)
  } catch (error) {
    return unreachable(path, error)
  }
}

async function examineFile(path: string): Promise<Examination> {
  const { DatabaseSync: Sqlite } = loadSqlite()
  const db = new Sqlite(path, { timeout: 2000 })
  try {
    const facts = readFacts(db)
    const isWritable = await canWrite(path)
    const findings = findingsOf(path, facts, isWritable)
    const holds = facts.journalMode !== 'memory' && facts.journalMode !== 'off'
    const store: StoreReport = {
      kind: 'sqlite',
      location: `sqlite:${path}`,
      reachable: true,
      ...(facts.version === undefined ? {} : { schemaVersion: facts.version }),
      ...(facts.lineage === undefined ? {} : { lineage: facts.lineage }),
      settings: { journalMode: facts.journalMode, synchronous: 'full', writable: isWritable },
    }
    const isNewer = facts.version !== undefined && facts.version > schemaVersion
    const error = isNewer ? { error: new OncewardError('STORE_INCOMPATIBLE', newerText(facts.version)) } : {}
    return { store, claims: claimsOf(holds), findings, ...error }
  } finally {
    db.close()
  }
}

interface SqliteFacts {
  readonly journalMode: string
  readonly version: number | undefined
  readonly lineage: { readonly epoch: number; readonly nonce: string } | undefined
}

function readFacts(db: DatabaseSync): SqliteFacts {
  const version = readVersion(db)
  return {
    journalMode: String(readPragma(db, 'journal_mode')).toLowerCase(),
    version,
    lineage: version === undefined ? undefined : readLineage(db),
  }
}

function readLineage(db: DatabaseSync): SqliteFacts['lineage'] {
  const row = db.prepare('SELECT epoch, nonce FROM onceward_lineage WHERE id = 1').get()
  return row === undefined ? undefined : { epoch: Number(row['epoch']), nonce: String(row['nonce']) }
}

async function canWrite(path: string): Promise<boolean> {
  // SQLite also writes beside the file.
  const checks = [access(path, constants.W_OK), access(dirname(path), constants.W_OK)]
  return (await Promise.allSettled(checks)).every((check) => check.status === 'fulfilled')
}

function findingsOf(path: string, facts: SqliteFacts, isWritable: boolean): Finding[] {
  const findings: Finding[] = []
  if (facts.version === undefined)
    findings.push(remark(`${path} holds no ledger yet; the first use makes it.`))
  else if (facts.version > schemaVersion) findings.push(problem(newerText(facts.version)))
  if (!isWritable) findings.push(problem(`${path} or its folder cannot be written by this user.`))
  const expected = canUseWal(sqliteVersion()) ? 'wal' : 'delete'
  if (facts.version !== undefined && facts.journalMode !== expected) {
    findings.push(remark(`The journal mode is ${facts.journalMode}; the next use sets it to ${expected}.`))
  }
  if (expected === 'delete') findings.push(remark(walText(sqliteVersion())))
  return findings
}

function newerText(version: number): string {
  return `The ledger has schema ${version}; this version of Onceward knows up to ${schemaVersion}.`
}

/** Why an older SQLite gets another journal mode. */
function walText(version: string): string {
  return `SQLite ${version} is older than 3.51.3: its write-ahead log can be corrupted by two writers, so the ledger uses journal_mode=DELETE. It is slower; a newer Node brings a newer SQLite.`
}

function claimsOf(holds: boolean): Claim[] {
  return [
    {
      claim: 'what was acknowledged survives a crash of a process, and a loss of power',
      holds,
      why: holds ? 'each commit is synced to the disk (synchronous=FULL)' : 'the journal is switched off',
    },
    {
      claim: 'what was acknowledged survives the loss of this disk',
      holds: false,
      why: 'a file has no standby; use PostgreSQL with a synchronous one where that matters',
    },
    {
      claim: 'several processes on this machine can share the ledger',
      holds: null,
      why: 'true on a local disk; a network file system does not keep the locks',
    },
  ]
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
    findings: [problem(text)],
    error: new OncewardError('STORE_UNAVAILABLE', text, { cause: error }),
  }
}
