import { pathOf, textOf } from './answers.ts'
import type { Provider } from './provider.ts'

/** The families whose reference documents the header. "Not all APIs support this header." */
const keyed = /^\/(v2\/checkout\/orders|v2\/payments|v3\/vault)(\/|$)/

export const payPal: Provider = {
  name: 'paypal',
  title: 'PayPal',
  key: { in: 'header', name: 'paypal-request-id' },
  // One lifetime for all: the shortest.
  keyLifetimeMs: 3 * 3_600_000,
  maxKeyBytes: 108,
  honours: ({ method, path }) => method === 'POST' && keyed.test(pathOf({ path })),
  retryHint: (answer) =>
    answer.status === 409 && textOf(answer).includes('PREVIOUS_REQUEST_IN_PROGRESS') ? 'retry' : undefined,
  documented: {
    honoured:
      'POST under `/v2/checkout/orders`, `/v2/payments` and `/v3/vault`. Other APIs: see their reference; the preset sends them no key',
    lifetime:
      'orders 6 hours (72 on request), payments 45 days, vault 3 hours (the preset stays with 3 hours for all)',
    keyForm: '1 to 108 characters',
    duplicates:
      'the latest status of the first request, so not always the same body; of two at once the second may fail. Its status: not found in the documents; clients know it as 409 with `PREVIOUS_REQUEST_IN_PROGRESS`. With another request: not found',
    retries:
      'network timeouts and 5xx may be retried for as long as the ID is stored. Retry-After: not found',
  },
  sources: [
    {
      title: 'Idempotency (PayPal REST API reference)',
      url: 'https://developer.paypal.com/reference/guidelines/idempotency/',
      says: '`PayPal-Request-Id` on POST, not in all APIs; a repeated ID is answered with the latest status of the first request; timeouts and 5xx may be retried while the ID is stored; of two simultaneous requests the second may fail',
      read: '2026-11-27',
    },
    {
      title: 'Orders v2: create order (PayPal REST API reference)',
      url: 'https://developer.paypal.com/api/orders/v2/orders-create',
      says: 'IDs of 1 to 108 characters, stored for 6 hours, up to 72 on request',
      read: '2026-11-27',
    },
    {
      title: 'Capture authorized payment (PayPal REST API reference)',
      url: 'https://docs.paypal.ai/reference/api/rest/authorizations/capture-authorized-payment',
      says: 'IDs are stored for 45 days',
      read: '2026-11-27',
    },
    {
      title: 'Vault (PayPal TypeScript server SDK, made from the API description)',
      url: 'https://github.com/paypal/PayPal-TypeScript-Server-SDK',
      says: '`paypalRequestId`: stored for 3 hours',
      read: '2026-11-27',
    },
  ],
}
