// In a package of yours: from 'onceward' and 'onceward/sqlite'.
import { createOnceward, type Onceward } from '../../../src/index.ts'
import { sqliteStore } from '../../../src/stores/sqlite/index.ts'

/** What this process holds once, however often Next loads its modules anew. */
interface Held {
  onceward?: Onceward
  charged?: string[]
}

const held = globalThis as Held

export const once: Onceward = (held.onceward ??= createOnceward({
  store: sqliteStore({ path: process.env['LEDGER'] ?? 'charges.db' }),
  scope: 'shop',
}))

/** What has been charged and paid back by this process: one line each, so that a double one is seen. */
export const charged: string[] = (held.charged ??= [])

/** Whom a request is from. In an application of yours: what your authentication has found out. */
export function callerOf(request: Request): string {
  return request.headers.get('x-account') ?? 'guest'
}
