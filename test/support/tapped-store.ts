import type {
  ClaimRequest,
  ClaimResult,
  RenewRequest,
  RenewResult,
  Reply,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
  Store,
} from '../../src/ledger/store.ts'

type Next<Q, A> = (request: Q) => Promise<A>
/** Stands between the ledger and one method of a store: may delay, fail, change or swallow a call. */
export type Hook<Q, A> = (request: Q, next: Next<Q, A>) => Promise<A>

export interface Hooks {
  open?: Hook<undefined, Awaited<ReturnType<Store['open']>>>
  claim?: Hook<readonly ClaimRequest[], Reply<ClaimResult>>
  settle?: Hook<readonly SettleRequest[], Reply<SettleResult>>
  renew?: Hook<readonly RenewRequest[], Reply<RenewResult>>
  read?: Hook<readonly string[], Awaited<ReturnType<Store['read']>>>
  resolve?: Hook<readonly ResolveRequest[], Reply<ResolveResult>>
  twins?: Hook<Parameters<Store['twins']>[0], Awaited<ReturnType<Store['twins']>>>
  list?: Hook<Parameters<Store['list']>[0], Awaited<ReturnType<Store['list']>>>
  purge?: Hook<Parameters<Store['purge']>[0], Awaited<ReturnType<Store['purge']>>>
  append?: Hook<Parameters<Store['records']['append']>[0], void>
  close?: Hook<undefined, void>
}

/** A store whose calls a test can see and disturb, and which falls silent when its worker dies. */
export class TappedStore {
  readonly hooks: Hooks = {}
  /** Every request that reached the store, in order. */
  readonly calls: { readonly method: keyof Hooks; readonly request: unknown }[] = []
  readonly store: Store
  isAlive = true

  constructor(inner: Store) {
    this.store = {
      name: inner.name,
      location: inner.location,
      maxBatch: inner.maxBatch,
      isTransactional: inner.isTransactional,
      open: () => this.#pass('open', undefined, () => inner.open()),
      claim: (requests) => this.#pass('claim', requests, (given) => inner.claim(given)),
      settle: (requests) => this.#pass('settle', requests, (given) => inner.settle(given)),
      renew: (requests) => this.#pass('renew', requests, (given) => inner.renew(given)),
      read: (refs) => this.#pass('read', refs, (given) => inner.read(given)),
      resolve: (requests) => this.#pass('resolve', requests, (given) => inner.resolve(given)),
      twins: (requests) => this.#pass('twins', requests, (given) => inner.twins(given)),
      list: (query) => this.#pass('list', query, (given) => inner.list(given)),
      purge: (request) => this.#pass('purge', request, (given) => inner.purge(given)),
      records: {
        append: (records) => this.#pass('append', records, (given) => inner.records.append(given)),
        read: (query) => inner.records.read(query),
        replaceIf: (record) => inner.records.replaceIf(record),
        prune: (query) => inner.records.prune(query),
      },
      ...(inner.transaction === undefined ? {} : { transaction: inner.transaction.bind(inner) as never }),
      close: () => this.#pass('close', undefined, () => inner.close()),
    }
  }

  /** Rows that the owner and its claims have asked to write so far. */
  get rowsWritten(): number {
    return this.requests('claim').length + this.requests('settle').length
  }

  /** All single requests to one batch method. */
  requests(method: 'claim'): readonly ClaimRequest[]
  requests(method: 'settle'): readonly SettleRequest[]
  requests(method: 'renew'): readonly RenewRequest[]
  requests(method: keyof Hooks): readonly unknown[] {
    return this.calls.flatMap((call) => (call.method === method ? (call.request as readonly unknown[]) : []))
  }

  async #pass<Q, A>(method: keyof Hooks, request: Q, next: Next<Q, A>): Promise<A> {
    if (!this.isAlive) return never()
    this.calls.push({ method, request })
    const hook = this.hooks[method] as Hook<Q, A> | undefined
    try {
      return await (hook === undefined ? next(request) : hook(request, next))
    } finally {
      // The dead hear no answer.
      if (!this.isAlive) await never()
    }
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}
