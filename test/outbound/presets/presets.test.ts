import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { providersPage, providersPath } from '../../../scripts/providers-reference.ts'
import {
  adyen,
  payPal,
  type Provider,
  providers,
  sendGrid,
  shopify,
  square,
  stripe,
  twilio,
} from '../../../src/outbound/presets/index.ts'
import type { TargetAnswer, TargetCall } from '../../../src/outbound/target.ts'

const mutation =
  'mutation ($idempotencyKey: String!) { refundCreate @idempotent(key: $idempotencyKey) { refund { id } } }'
const graphql = '/admin/api/2026-04/graphql.json'

function call(method: string, path: string, body?: unknown): TargetCall {
  return { method, path, headers: {}, body }
}

function answer(status: number, headers: TargetAnswer['headers'] = {}, body = ''): TargetAnswer {
  return { status, headers, body: new TextEncoder().encode(body) }
}

/** Calls that the provider documents a key for, and calls that it does not. */
const calls: readonly (readonly [Provider, readonly TargetCall[], readonly TargetCall[]])[] = [
  [
    stripe,
    [call('POST', '/v1/charges'), call('POST', '/v2/core/events'), call('DELETE', '/v2/core/accounts/1')],
    [call('GET', '/v1/charges'), call('DELETE', '/v1/customers/1')],
  ],
  [
    adyen,
    [call('POST', '/v71/payments')],
    [call('DELETE', '/v71/storedPaymentMethods/1'), call('PUT', '/x')],
  ],
  [
    payPal,
    [
      call('POST', '/v2/checkout/orders'),
      call('POST', '/v2/checkout/orders/5O1/capture?x=1'),
      call('POST', '/v2/payments/authorizations/0VF/capture'),
      call('POST', '/v3/vault/setup-tokens'),
    ],
    [
      call('POST', '/v1/billing/plans'),
      call('PATCH', '/v2/checkout/orders/5O1'),
      call('POST', '/v2/paymentsx'),
    ],
  ],
  [
    square,
    [call('POST', '/v2/payments'), call('POST', '/v2/refunds'), call('POST', '/v2/orders')],
    [call('POST', '/v2/payments/1/cancel'), call('POST', '/v2/orders/search'), call('PUT', '/v2/orders')],
  ],
  [
    shopify,
    [call('POST', graphql, { query: mutation })],
    [
      call('POST', graphql, { query: 'mutation { fulfillmentCreate { id } }' }),
      call('POST', graphql, mutation),
      call('POST', '/admin/api/2024-01/orders.json', { query: mutation }),
    ],
  ],
]

describe.each(calls)('$name', (provider, keyed, blind) => {
  it('honours the calls that its documents name', () => {
    expect(keyed.map((one) => provider.honours?.(one))).toEqual(keyed.map(() => true))
  })
  it('honours no others', () => {
    expect(blind.map((one) => provider.honours?.(one))).toEqual(blind.map(() => false))
  })
})

describe('a provider that knows no keys', () => {
  it.each([twilio, sendGrid])('$title: none is sent', ({ key, documented }) => {
    expect(key).toBeUndefined()
    expect(documented.honoured).toMatch(/^nothing/)
  })
})

describe('what an answer says of a retry', () => {
  it('Stripe: its header decides, either way', () => {
    expect(stripe.retryHint?.(answer(400, { 'stripe-should-retry': 'true' }))).toBe('retry')
    expect(stripe.retryHint?.(answer(500, { 'stripe-should-retry': 'false' }))).toBe('final')
    expect(stripe.retryHint?.(answer(500))).toBeUndefined()
  })
  it('Adyen: only what is called transient is tried again', () => {
    expect(adyen.retryHint?.(answer(422, { 'transient-error': 'true' }))).toBe('retry')
    expect(adyen.retryHint?.(answer(503, { 'transient-error': ['true'] }))).toBe('retry')
    expect(adyen.retryHint?.(answer(500, { 'transient-error': 'false' }))).toBe('final')
    expect(adyen.retryHint?.(answer(409))).toBe('final')
    expect(adyen.retryHint?.(answer(429))).toBeUndefined()
    expect(adyen.retryHint?.(answer(200))).toBeUndefined()
  })
  it('PayPal: a request that is still in progress is waited for, other conflicts are final', () => {
    const busy = '{"details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}'
    expect(payPal.retryHint?.(answer(409, {}, busy))).toBe('retry')
    expect(payPal.retryHint?.(answer(409, {}, '{}'))).toBeUndefined()
  })
  it('Square: a temporary error is tried again, a reused key is not', () => {
    expect(square.retryHint?.(answer(400, {}, '{"errors":[{"code":"TEMPORARY_ERROR"}]}'))).toBe('retry')
    expect(
      square.retryHint?.(answer(400, {}, '{"errors":[{"code":"IDEMPOTENCY_KEY_REUSED"}]}')),
    ).toBeUndefined()
  })
  it('Shopify: 200 with a request in progress is no result', () => {
    const busy = '{"data":{"refundCreate":{"userErrors":[{"code":"IDEMPOTENCY_CONCURRENT_REQUEST"}]}}}'
    expect(shopify.retryHint?.(answer(200, {}, busy))).toBe('retry')
    expect(shopify.retryHint?.(answer(200, {}, '{"data":{}}'))).toBeUndefined()
  })
  it('SendGrid: the end of its refresh period is waited for', () => {
    const inAMinute = String(Math.ceil(Date.now() / 1000) + 60)
    const waitMs = sendGrid.retryAfterMs?.(answer(429, { 'x-ratelimit-reset': inAMinute })) ?? 0
    expect(waitMs).toBeGreaterThan(50_000)
    expect(waitMs).toBeLessThanOrEqual(61_000)
    expect(sendGrid.retryAfterMs?.(answer(429))).toBeUndefined()
    expect(sendGrid.retryAfterMs?.(answer(202, { 'x-ratelimit-reset': inAMinute }))).toBeUndefined()
  })
})

it('Shopify: the key becomes the variable of the directive, beside the others', () => {
  const { key } = shopify
  if (key?.in !== 'custom') throw new Error('the preset places its key itself')
  const given = call('POST', graphql, { query: mutation, variables: { input: { note: 'x' } } })
  expect(key.place(given, 'k-1').body).toEqual({
    query: mutation,
    variables: { input: { note: 'x' }, idempotencyKey: 'k-1' },
  })
})

it.each(providers)(
  '$title: what is known has its source, what is not says so',
  ({ key, keyLifetimeMs, sources }) => {
    expect(sources.length).toBeGreaterThan(0)
    for (const { url, title, says, read } of sources) {
      expect(url).toMatch(/^https:\/\//)
      expect(title.length * says.length).toBeGreaterThan(0)
      expect(read).toMatch(/^\d{4}-\d{2}-\d{2}/)
    }
    expect(keyLifetimeMs === undefined).toBe(key === undefined)
  },
)

it('docs/reference/providers.md says what the presets say', () => {
  const page = readFileSync(providersPath, 'utf8')
  expect(page).toBe(providersPage(page))
})
