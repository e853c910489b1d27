import type { Fetching } from './fetching.ts'

/** The class `Stripe` of the package `stripe`, as far as it is used. */
export interface StripeSdk<HttpClient> {
  createFetchHttpClient(fetch: Fetching['fetch']): HttpClient
}

export interface StripeOptions<HttpClient> {
  readonly httpClient: HttpClient
  readonly maxNetworkRetries: 0
}

/**
 * The client's policy instead of the SDK's own: `new Stripe(key, stripeOptions(Stripe, client))`, with a client whose
 * target is the preset `stripe`. The SDK's `Idempotency-Key` (yours, or one that it mints for each of its calls) goes
 * with every attempt. What the client throws is the `detail` of the SDK's `StripeConnectionError`.
 */
export function stripeOptions<HttpClient>(
  sdk: StripeSdk<HttpClient>,
  client: Fetching,
): StripeOptions<HttpClient> {
  return {
    httpClient: sdk.createFetchHttpClient((input, init) => client.fetch(input, init)),
    maxNetworkRetries: 0,
  }
}
