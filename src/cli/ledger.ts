import { isOncewardError, OncewardError } from '../kernel/errors.ts'
import { createOnceward, type Onceward } from '../index.ts'
import type { OncewardOptions } from '../ledger/options.ts'
import { redactUrl } from '../kernel/redact.ts'
import { openStoreFromUrl, storeKindOf } from '../stores/open.ts'
import type { Globals } from './command.ts'

export interface LedgerNeeds {
  /** Commands that only look, or that change what is there, must not make an empty ledger out of a mistyped path. */
  readonly mustExist: boolean
  readonly options?: Partial<Pick<OncewardOptions, 'maxResultBytes' | 'maxRunMs'>>
}

/** Opens the store, gives `work` an instance on it, and closes both, whatever happens. */
export async function withLedger<T>(
  globals: Globals,
  needs: LedgerNeeds,
  work: (once: Onceward) => Promise<T>,
): Promise<T> {
  if (needs.mustExist && storeKindOf(globals.store) === 'postgres') await requirePostgresLedger(globals.store)
  const store = await openStoreFromUrl(globals.store, { mustExist: needs.mustExist })
  // A command lives too briefly to look after the store beside its work; `onceward sweep` is there for that.
  const once = createOnceward({ store, scope: globals.scope, sweep: false, ...needs.options })
  try {
    return await work(once)
  } finally {
    await once.close()
  }
}

/** The counterpart of what `openStoreFromUrl` does for a SQLite file. */
async function requirePostgresLedger(url: string): Promise<void> {
  const { connectPostgres } = await import('./postgres-client.ts')
  const client = await connectPostgres(url).catch((error: unknown) => {
    if (isOncewardError(error)) throw error
    // Whatever is wrong with the connection, the store says it better.
    return undefined
  })
  if (client === undefined) return
  try {
    const { rows } = await client.query<{ found: string | null }>(
      "SELECT to_regclass('onceward_meta')::text AS found",
    )
    if (rows[0]?.found !== null) return
    throw new OncewardError('STORE_UNAVAILABLE', `There is no ledger at ${redactUrl(url)}.`)
  } finally {
    await client.end()
  }
}
