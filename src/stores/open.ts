import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, OncewardError, optionInvalid } from '../kernel/errors.ts'
import { redactUrl } from '../kernel/redact.ts'
import type { Store } from '../ledger/store.ts'

export interface OpenStoreOptions {
  /** Refuse a SQLite file without a ledger with `STORE_UNAVAILABLE`, instead of making one. */
  readonly mustExist?: boolean
}

export type StoreKind = 'sqlite' | 'postgres' | 'memory' | 'module'

const expected = 'sqlite:./file.db, postgres://user@host/database or memory:'
const later: readonly string[] = ['redis', 'rediss', 'valkey', 'dynamodb']

/**
 * The store a URL names. Only the store's own module is loaded, so that users of SQLite need no PostgreSQL driver.
 * Throws `OPTION_INVALID` for a URL that names no store, `STORE_UNAVAILABLE` for a file that must exist and does not,
 * and `DEPENDENCY_MISSING` where the driver is not installed. It does not connect: `store.open()` does.
 */
export async function openStoreFromUrl(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  switch (storeKindOf(url)) {
    case 'sqlite': {
      const path = sqlitePathOf(url)
      if (options.mustExist === true) await requireLedger(path)
      const { sqliteStore } = await import('./sqlite/index.ts')
      return sqliteStore({ path })
    }
    case 'postgres': {
      const { postgresStore } = await import('./postgres/index.ts')
      return postgresStore({ url })
    }
    case 'memory': {
      const { memoryStore } = await import('./memory/index.ts')
      return memoryStore()
    }
    case 'module':
      return openStoreModule(url)
  }
}

/** Which store a URL names. Throws `OPTION_INVALID`, naming the URL without its password. */
export function storeKindOf(url: string): StoreKind {
  const [, given = '', rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(url) ?? []
  const scheme = given.toLowerCase()
  if (scheme === 'sqlite') return scheme
  if (scheme === 'memory' && rest === '') return scheme
  if (scheme === 'module' && rest !== '') return scheme
  if (scheme === 'postgres' || scheme === 'postgresql') {
    if (rest.startsWith('//') && URL.canParse(url)) return 'postgres'
    throw optionInvalid('store', 'a URL such as postgres://user@host:5432/database', redactUrl(url))
  }
  if (later.includes(scheme)) {
    const text = `store must be ${expected}, got ${JSON.stringify(redactUrl(url))}; ${scheme}: comes in a later version.`
    throw new OncewardError('OPTION_INVALID', text)
  }
  throw optionInvalid('store', expected, redactUrl(url))
}

/** The path in `sqlite:./file.db`, `sqlite:/file.db` or `sqlite:///file.db`. Throws `OPTION_INVALID`. */
export function sqlitePathOf(url: string): string {
  const rest = url.slice(url.indexOf(':') + 1)
  const path = rest.startsWith('///') ? rest.slice(2) : rest
  const isPath = path !== '' && path !== ':memory:' && !path.startsWith('//') && !path.includes('\u0000')
  if (!isPath)
    throw optionInvalid('store', 'sqlite: with the path of a file, such as sqlite:./onceward.db', url)
  return path
}

/** What a file that a `module:` URL names exports. */
interface StoreModule {
  readonly openStore?: (place: string) => Store | Promise<Store>
}

/** The URL of a store of the user's own: `openStore(place)` of a file. Processes of a drill open it by themselves. */
export function moduleStoreUrl(module: URL, place: string): string {
  return `module:${module.href}#${encodeURIComponent(place)}`
}

/** `module:./my-store.ts#place`: the file is code and is run. */
async function openStoreModule(url: string): Promise<Store> {
  const [, path = '', place = ''] = /^module:([^#]*)#?(.*)$/s.exec(url) ?? []
  const href = path.startsWith('file:') ? path : pathToFileURL(resolve(path)).href
  const loaded = (await import(href).catch((error: unknown) => {
    const message = `store: ${path} cannot be loaded: ${messageOf(error)}`
    throw new OncewardError('OPTION_INVALID', message, { cause: error })
  })) as StoreModule
  if (typeof loaded.openStore !== 'function')
    throw optionInvalid('store', 'module: with a file that exports openStore(place)', url)
  return loaded.openStore(decodeURIComponent(place))
}

/** A mistyped path must not look like an empty ledger, nor another program's database become one. */
async function requireLedger(path: string): Promise<void> {
  try {
    await stat(path)
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isAbsent
      ? `There is no ledger at ${path}.`
      : `The ledger at ${path} cannot be read: ${messageOf(error)}`
    throw new OncewardError('STORE_UNAVAILABLE', why, { cause: error })
  }
  const { loadSqlite } = await import('./sqlite/driver.ts')
  const { readVersion } = await import('./sqlite/schema.ts')
  const { DatabaseSync: Sqlite } = loadSqlite()
  let version: number | undefined
  try {
    const db = new Sqlite(path, { timeout: 1000 })
    version = readVersion(db)
    db.close()
  } catch {
    // Whatever is wrong with the file, the store says it better when it opens it.
    return
  }
  if (version === undefined) throw new OncewardError('STORE_UNAVAILABLE', `${path} holds no ledger.`)
}
