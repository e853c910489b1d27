import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import { messageOf } from '../../kernel/errors.ts'
import { StoreFault } from '../../ledger/store.ts'

type SqliteModule = ReturnType<typeof process.getBuiltinModule<'node:sqlite'>>

/** `node:sqlite`, loaded without the warning that it is experimental: it is our choice, not the user's. */
export function loadSqlite(): SqliteModule {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).includes('SQLite')) return
    Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Below 3.51.3 a WAL with two writers can be corrupted, so such a SQLite gets journal_mode=DELETE. */
export function canUseWal(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (major !== 3) return major > 3
  return minor > 51 || (minor === 51 && patch >= 3)
}

/**
 * What makes a commit that returned one that is on disk. On macOS a plain fsync leaves it in the drive's cache, hence
 * `fullfsync`; elsewhere that does nothing.
 */
export const durabilityPragmas = 'PRAGMA synchronous = FULL; PRAGMA fullfsync = ON'

/** SQLite's primary result code of an error; `undefined` for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

const busy = 5
const locked = 6

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === busy || code === locked
}

/** What an error of SQLite means to the ledger. Every batch is one transaction, so nothing of it was written. */
export function faultOf(error: unknown, path: string): StoreFault {
  const code = sqliteCode(error)
  const make = (kind: StoreFault['kind'], message: string): StoreFault =>
    new StoreFault(kind, message, { cause: error })
  switch (code) {
    case busy:
    case locked:
      return make('unavailable', `${path} is locked by another process`)
    case 8:
      return make('unavailable', `${path} is read-only`)
    case 10:
      return make('unavailable', `reading or writing ${path} failed: ${messageOf(error)}`)
    case 11:
      return make('incompatible', `${path} is damaged: ${messageOf(error)}`)
    case 13:
      return make('unavailable', `the disk is full, ${path} cannot grow`)
    case 14:
      return make('unavailable', `${path} cannot be opened: is its folder there, and may it be written?`)
    case 26:
      return make('incompatible', `${path} is not a SQLite database`)
    case 18:
    case 19:
    case 20:
      return make('rejected', messageOf(error))
    default:
      return make(code === undefined ? 'rejected' : 'unavailable', messageOf(error))
  }
}

export function readPragma(db: DatabaseSync, name: string): unknown {
  const row = db.prepare(`PRAGMA ${name}`).get()
  return row === undefined ? undefined : Object.values(row)[0]
}

/** Early versions of node:sqlite cannot tell; there, a second BEGIN fails exactly where a transaction is open. */
export function isInTransaction(db: DatabaseSync): boolean {
  const known: boolean | undefined = db.isTransaction
  if (known !== undefined) return known
  try {
    db.exec('BEGIN')
  } catch {
    return true
  }
  db.exec('ROLLBACK')
  return false
}

/** A statement whose rows are lists of values, in the order of its columns. */
export interface ListStatement {
  get(...values: SQLInputValue[]): readonly SQLOutputValue[] | undefined
  all(...values: SQLInputValue[]): (readonly SQLOutputValue[])[]
}

/** Node 22 before 22.16 gives objects only; their members are in the order of the columns. */
export function listStatement(statement: StatementSync): ListStatement {
  if ('setReturnArrays' in statement) {
    statement.setReturnArrays(true)
    return statement as unknown as ListStatement
  }
  return objectsAsLists(statement)
}

function objectsAsLists(statement: StatementSync): ListStatement {
  return {
    get: (...values) => {
      const row = statement.get(...values)
      return row === undefined ? undefined : Object.values(row)
    },
    all: (...values) => statement.all(...values).map((row) => Object.values(row)),
  }
}
