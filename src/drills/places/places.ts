import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redactUrl } from '../../kernel/redact.ts'
import { openStoreFromUrl, storeKindOf } from '../../stores/open.ts'
import { optionInvalid } from '../../kernel/errors.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../testing/embedded-postgres.ts'
import { askPostgres } from '../../testing/postgres-query.ts'
import type { Place, PlaceKind } from './place.ts'
import { removeScope } from './remove-scope.ts'

/** Makes the stores of a run of drills, each drill an empty one. */
export interface Places {
  readonly kinds: readonly PlaceKind[]
  make(kind: PlaceKind): Promise<Place>
  close(): Promise<void>
}

/** Throw-away stores: SQLite files, and databases on one PostgreSQL server that starts when it is first needed. */
export function throwawayPlaces(): Places {
  let starting: Promise<EmbeddedPostgres> | undefined
  const server = (): Promise<EmbeddedPostgres> =>
    (starting ??= startEmbeddedPostgres({
      fsync: false,
      walSegmentMegabytes: 1,
      settings: { max_connections: 300 },
    }))
  return {
    kinds: ['sqlite', 'postgres'],
    make: async (kind) => (kind === 'sqlite' ? sqlitePlace() : postgresPlace(await server())),
    // One that could not start has nothing to be stopped.
    close: async () => (await starting?.catch(() => undefined))?.stop(),
  }
}

const unshared = { scope: 'drill', rowsTable: 'drill_effects', isUsersOwn: false } as const

function sqlitePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'onceward-drill-'))
  return {
    kind: 'sqlite',
    name: 'sqlite',
    url: `sqlite:${join(folder, 'ledger.db')}`,
    ...unshared,
    close: () => Promise.resolve(rmSync(folder, { recursive: true, force: true, maxRetries: 3 })),
  }
}

async function postgresPlace(server: EmbeddedPostgres): Promise<Place> {
  const database = `drill_${randomBytes(6).toString('hex')}`
  await askPostgres(server.url, `CREATE DATABASE ${database}`)
  const url = new URL(server.url)
  url.pathname = `/${database}`
  // A worker that stands still between its last statement and COMMIT keeps its rows locked; the server ends that.
  url.searchParams.set('options', '-c idle_in_transaction_session_timeout=1s')
  return {
    kind: 'postgres',
    name: 'postgres',
    url: url.href,
    ...unshared,
    server,
    close: async () => {
      await askPostgres(server.url, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
    },
  }
}

/** The user's own store: each drill has a scope and a table of its own on it, and removes both. Throws `STORE_…`. */
export async function usersPlaces(url: string): Promise<Places> {
  const kind = storeKindOf(url)
  if (kind === 'memory' || kind === 'module')
    throw optionInvalid(
      '--store',
      'a store that several processes can share: sqlite:./file.db or postgres://…',
      url,
    )
  const store = await openStoreFromUrl(url)
  try {
    await store.open()
  } finally {
    await store.close()
  }
  const make = (): Place => {
    const id = randomBytes(6).toString('hex')
    const scope = `drill-${id}`
    const rowsTable = `onceward_drill_${id}`
    return {
      kind,
      name: redactUrl(url),
      url,
      scope,
      rowsTable,
      isUsersOwn: true,
      close: () => removeScope(url, { scope, rowsTable }),
    }
  }
  return { kinds: [kind], make: () => Promise.resolve(make()), close: () => Promise.resolve() }
}
