import type { TargetProfile } from './target.ts'

const dayMs = 24 * 60 * 60 * 1000

/**
 * What a target is taken for where nothing is said: it deduplicates by `Idempotency-Key`, as
 * draft-ietf-httpapi-idempotency-key-header-07 describes, for 23 hours. `x-should-retry` (true or false) of an answer is
 * heeded: a service that has retried already says so to its callers with it.
 */
export const idempotencyKeyTarget: TargetProfile = {
  name: 'idempotency-key',
  key: { in: 'header', name: 'idempotency-key' },
  keyLifetimeMs: dayMs - 60 * 60 * 1000,
  retryHint: ({ headers }) => {
    const hint = headers['x-should-retry']
    return hint === 'true' ? 'retry' : hint === 'false' ? 'final' : undefined
  },
}

/** A target that knows no keys: nothing that may have arrived is sent again. */
export const keylessTarget: TargetProfile = { name: 'keyless' }
