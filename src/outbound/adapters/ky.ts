import type { Fetching } from './fetching.ts'

/** Options for `ky.create` (ky 1 and 2). */
export interface KyOptions {
  readonly fetch: Fetching['fetch']
  readonly retry: 0
  readonly timeout: false
}

/** The client's policy instead of ky's own: `ky.create(kyOptions(client))`. Deadlines are the client's as well. */
export function kyOptions(client: Fetching): KyOptions {
  return { fetch: (input, init) => client.fetch(input, init), retry: 0, timeout: false }
}
