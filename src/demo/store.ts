import { join } from 'node:path'
import { createOnceward } from '../index.ts'
import { openStoreFromUrl } from '../stores/open.ts'
import type { Watch } from '../testing/ending.ts'
import type { ParsedDemoOptions } from './options.ts'
import type { RunFolder } from '../testing/run-folder.ts'

/** The ledger of one run: an empty scope on a store that was seen to answer. */
export interface DemoStore {
  readonly url: string
  readonly scope: string
  /** Whether it can still be looked at when the demo has ended. */
  readonly isKept: boolean
  close(): Promise<void>
}

export async function openDemoStore(
  wanted: ParsedDemoOptions['store'],
  folder: RunFolder,
  watch: Watch,
): Promise<DemoStore> {
  switch (wanted.kind) {
    case 'file':
      return {
        url: `sqlite:${join(folder.path, 'ledger.db')}`,
        scope: 'default',
        isKept: true,
        close: () => Promise.resolve(),
      }
    case 'url': {
      // A store that others use: each run has a scope of its own on it.
      const scope = `demo-${folder.name}`
      await watch.guard(touch(wanted.url, scope))
      return { url: wanted.url, scope, isKept: true, close: () => Promise.resolve() }
    }
    case 'embedded-postgres': {
      const { startEmbeddedPostgres } = await import('../testing/embedded-postgres.ts')
      const server = await startEmbeddedPostgres()
      try {
        await watch.guard(touch(server.url, 'default'))
      } catch (error) {
        await server.stop()
        throw error
      }
      return { url: server.url, scope: 'default', isKept: false, close: () => server.stop() }
    }
  }
}

/** Finds out now, and not after half of the demo, that the store cannot be used. */
async function touch(url: string, scope: string): Promise<void> {
  const once = createOnceward({ store: await openStoreFromUrl(url), scope, sweep: false })
  try {
    await once.open()
  } finally {
    await once.close()
  }
}
