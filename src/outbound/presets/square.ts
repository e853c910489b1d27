import { pathOf, textOf } from './answers.ts'
import type { Provider } from './provider.ts'

/** Those whose reference has been read. Endpoints without the field would take it for an error, or for nothing. */
const keyed: readonly string[] = ['/v2/payments', '/v2/refunds', '/v2/orders']

export const square: Provider = {
  name: 'square',
  title: 'Square',
  key: { in: 'body', name: 'idempotency_key' },
  // Ours, not theirs: Square publishes none. Long enough for retries, short enough for any store of keys.
  keyLifetimeMs: 15 * 60_000,
  // Of CreatePayment and RefundPayment. Others take more.
  maxKeyBytes: 45,
  honours: ({ method, path }) => method === 'POST' && keyed.includes(pathOf({ path })),
  retryHint: (answer) =>
    answer.status >= 400 && textOf(answer).includes('"TEMPORARY_ERROR"') ? 'retry' : undefined,
  documented: {
    honoured:
      'CreatePayment, RefundPayment and CreateOrder (POST `/v2/payments`, `/v2/refunds`, `/v2/orders`). More endpoints have the field `idempotency_key`; the preset sends it to none that was not looked up',
    lifetime:
      'not published ("we do not publish a retention period"). The preset takes 15 minutes, which is our bound, not theirs',
    keyForm: 'any string, 1 to 45 characters for payments and refunds; fewer with multi-byte characters',
    duplicates:
      'the first successful answer again; with another request: an error, `IDEMPOTENCY_KEY_REUSED`; "might vary depending on the API". In flight: not found',
    retries: '`TEMPORARY_ERROR` may be retried with the same key. Retry-After: not found',
  },
  sources: [
    {
      title: 'Idempotency (Square developer documentation)',
      url: 'https://developer.squareup.com/docs/working-with-apis/idempotency',
      says: 'The same CreatePayment with the same key is answered as the first, and takes no second payment; another request under it is an error; this might vary depending on the API',
      read: '2026-11-27',
    },
    {
      title:
        'How long are idempotency keys retained for the CreatePayment endpoint? (Square developer forum)',
      url: 'https://developer.squareup.com/forums/t/how-long-are-idempotency-keys-retained-for-the-createpayment-endpoint/28303',
      says: 'Square does not publish a retention period for keys of CreatePayment',
      read: '2026-11-27, posted 2026-10-22',
    },
    {
      title:
        'CreatePaymentRequest, RefundPaymentRequest, CreateOrderRequest, ErrorCode (Square Node.js SDK reference, made from the API description)',
      url: 'https://github.com/square/square-nodejs-sdk',
      says: '`idempotency_key`, of 1 to 45 characters for payments and refunds; `IDEMPOTENCY_KEY_REUSED`; after `TEMPORARY_ERROR` the call can safely be retried with the same key',
      read: '2026-11-27',
    },
  ],
}
