import type { Fetching } from './fetching.ts'

/** Options for `axios.create` (axios 1.12 and later). */
export interface AxiosOptions {
  readonly adapter: 'fetch'
  readonly env: { readonly fetch: Fetching['fetch'] }
  /** Where axios-retry is still installed on the instance, it must not repeat what the client has given up. */
  readonly 'axios-retry': { readonly retries: 0 }
}

/**
 * The client's policy for an axios instance, instead of axios-retry's: `axios.create(axiosOptions(client))`. What the
 * client throws is the `cause` of the `AxiosError`.
 */
export function axiosOptions(client: Fetching): AxiosOptions {
  return {
    adapter: 'fetch',
    env: { fetch: (input, init) => client.fetch(input, init) },
    'axios-retry': { retries: 0 },
  }
}
