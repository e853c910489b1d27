import { createKeyRing, type KeyRingOptions } from './ledger/key-ring.ts'
import type { Sealer } from './ledger/options.ts'
import { systemRuntime } from './system.ts'

export type { KeyRingOptions, Sealer }

/**
 * Encrypts kept results with AES-256-GCM: `createOnceward({ seal: keyRing({ current: 'k2', keys: { k1, k2 } }) })`.
 * Throws `OPTION_INVALID`, naming the key but never showing it.
 */
export function keyRing(options: KeyRingOptions): Sealer {
  return createKeyRing(options, (length) => systemRuntime.randomBytes(length))
}
