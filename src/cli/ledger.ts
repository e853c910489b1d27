import { createOnceward, type Onceward } from '../index.ts'
import type { OncewardOptions } from '../ledger/options.ts'
import { openStoreFromUrl } from '../stores/open.ts'
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
  const store = await openStoreFromUrl(globals.store, { mustExist: needs.mustExist })
  // A command lives too briefly to look after the store beside its work; `onceward sweep` is there for that.
  const once = createOnceward({ store, scope: globals.scope, sweep: false, ...needs.options })
  try {
    return await work(once)
  } finally {
    await once.close()
  }
}
