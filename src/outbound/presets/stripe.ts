import { headerOf, pathOf } from './answers.ts'
import type { Provider } from './provider.ts'

export const stripe: Provider = {
  name: 'stripe',
  title: 'Stripe',
  key: { in: 'header', name: 'idempotency-key' },
  keyLifetimeMs: 24 * 3_600_000,
  maxKeyBytes: 255,
  honours: ({ method, path }) =>
    method === 'POST' || (method === 'DELETE' && pathOf({ path }).startsWith('/v2/')),
  retryStatuses: [409],
  retryHint: (answer) => {
    const hint = headerOf(answer, 'stripe-should-retry')
    if (hint === 'true') return 'retry'
    return hint === 'false' ? 'final' : undefined
  },
  documented: {
    honoured: 'every POST; under `/v2/` also DELETE',
    lifetime: 'API v1: at least 24 hours. API v2: 30 days (the preset stays with 24 hours)',
    keyForm: 'up to 255 characters',
    duplicates:
      'the first status and body again, errors of 500 included; in flight: 409; with other parameters: an error (`idempotency_error`)',
    retries:
      'the header `stripe-should-retry` decides, either way; 409 is retried; the rate limiter (429) stands before the keys',
  },
  sources: [
    {
      title: 'Idempotent requests (Stripe API reference)',
      url: 'https://docs.stripe.com/api/idempotent_requests',
      says: 'All POST requests accept keys of up to 255 characters; the first status and body are given again, 500 included; keys may be removed once they are at least 24 hours old; other parameters are an error; nothing is kept of a request that failed validation or ran beside another',
      read: '2026-11-27',
    },
    {
      title: 'Advanced error handling (Stripe documentation)',
      url: 'https://docs.stripe.com/error-low-level',
      says: 'The rate limiter runs before the idempotency layer; replay as described is of API v1, API v2 has a window of 30 days',
      read: '2026-11-27',
    },
    {
      title: 'stripe-node, RequestSender: how the official client reads answers',
      url: 'https://github.com/stripe/stripe-node',
      says: '`stripe-should-retry` goes before the status, 409 and 500 and above are retried; API v2 takes a key with POST and DELETE, API v1 with POST',
      read: '2026-11-27, version 23.1.0',
    },
  ],
}
