import type { TargetAnswer, TargetCall } from '../target.ts'
import { textOf } from './answers.ts'
import type { Provider } from './provider.ts'

/** The variable that carries the key into the directive: `@idempotent(key: $idempotencyKey)`. */
const variable = 'idempotencyKey'
const directive = /@idempotent\s*\(\s*key:\s*\$idempotencyKey\s*\)/

interface GraphqlBody {
  readonly query?: unknown
  readonly variables?: unknown
}

export const shopify: Provider = {
  name: 'shopify',
  title: 'Shopify',
  key: { in: 'custom', place: placeVariable },
  keyLifetimeMs: 24 * 3_600_000,
  honours: ({ method, path, body }) =>
    method === 'POST' && /\/graphql\.json(\?|$)/.test(path) && directive.test(queryOf(body)),
  // Answered with status 200: the first request still runs.
  retryHint: (answer) => (saysInProgress(answer) ? 'retry' : undefined),
  documented: {
    honoured:
      'mutations of the GraphQL Admin API that support the directive `@idempotent` (17: inventory, locations, `refundCreate`), where the document has `@idempotent(key: $idempotencyKey)`: the preset fills that variable. `fulfillmentCreate` and others without the directive: not honoured. `unique_token` of the legacy REST Admin API: not covered',
    lifetime: '24 hours from the original request',
    keyForm: 'any unique string, a UUID is recommended. Longest: not found',
    duplicates:
      'the result of the original operation; in flight: status 200 with `IDEMPOTENCY_CONCURRENT_REQUEST` in `userErrors`; with other variables: `IDEMPOTENCY_KEY_PARAMETER_MISMATCH`, also with 200: look at `userErrors` of what was done',
    retries: 'after `IDEMPOTENCY_CONCURRENT_REQUEST`, with the same key. Retry-After: not found',
  },
  sources: [
    {
      title: 'Idempotent requests (Shopify API documentation)',
      url: 'https://shopify.dev/docs/api/usage/idempotent-requests',
      says: 'Some mutations need a key, given in a directive; any unique identifier, a UUID is recommended',
      read: '2026-11-27',
    },
    {
      title: 'Implementing idempotency (Shopify API documentation)',
      url: 'https://shopify.dev/docs/api/usage/implementing-idempotency',
      says: 'Keys are tracked for 24 hours from the original request; `IDEMPOTENCY_CONCURRENT_REQUEST` and `IDEMPOTENCY_KEY_PARAMETER_MISMATCH` in `userErrors`; only for mutations with the directive (the list of 17 as others quote it)',
      read: '2026-11-27, in part as quoted by others',
    },
    {
      title: 'Adding idempotency for inventory adjustments and refund mutations (Shopify changelog)',
      url: 'https://shopify.dev/changelog/posts/adding-idempotency-for-inventory-adjustments-and-refund-mutations',
      says: 'A retry with the same key gives the result of the original operation; mandatory for these mutations from version 2026-04',
      read: '2026-11-27',
    },
  ],
}

function placeVariable(call: TargetCall, key: string): TargetCall {
  const body = call.body as GraphqlBody
  return {
    ...call,
    body: { ...body, variables: { ...(body.variables as object | undefined), [variable]: key } },
  }
}

/** Only a body that is given as a value can be filled in. */
function queryOf(body: unknown): string {
  const query = typeof body === 'object' && body !== null ? (body as GraphqlBody).query : undefined
  return typeof query === 'string' ? query : ''
}

function saysInProgress(answer: TargetAnswer): boolean {
  return textOf(answer).includes('"IDEMPOTENCY_CONCURRENT_REQUEST"')
}
