/** What an adapter needs of a client of `createClient`. */
export interface Fetching {
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
}
