import { headerOf } from './answers.ts'
import type { Provider } from './provider.ts'

export const adyen: Provider = {
  name: 'adyen',
  title: 'Adyen',
  key: { in: 'header', name: 'idempotency-key' },
  keyLifetimeMs: 7 * 24 * 3_600_000,
  maxKeyBytes: 64,
  honours: ({ method }) => method === 'POST',
  retryHint: (answer) => {
    if (headerOf(answer, 'transient-error') === 'true') return 'retry'
    // "Do not retry" is said of answers of the API. 429 is of what stands before it, and says nothing of a payment.
    return answer.status >= 400 && answer.status !== 429 ? 'final' : undefined
  },
  documented: {
    honoured: 'every POST, within one region and company account',
    lifetime: 'at least 7 days from the first submission (an older version of the page says 31)',
    keyForm: 'up to 64 characters, a UUID is recommended',
    duplicates:
      'the first answer again, with the header `idempotency-key`; in flight: 409 or 422 with error code 704; key store out: 503 with error code 703',
    retries: 'only an answer with the header `transient-error: true` is retried; no answer at all may be',
  },
  sources: [
    {
      title: 'API idempotency (Adyen documentation)',
      url: 'https://docs.adyen.com/development-resources/api-idempotency',
      says: 'Keys of up to 64 characters on POST, per company account, not checked across regions, valid for at least 7 days; after a timeout the same key is safe; `transient-error: true` may be retried, without it do not; 409 or 422 with 704 in flight, 503 with 703 where the key store is out',
      read: '2026-11-27',
    },
  ],
}
