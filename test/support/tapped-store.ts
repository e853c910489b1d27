import type {
  ClaimRequest,
  ClaimResult,
  Lineage,
  RecallRequest,
  RecallResult,
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
  recall?: Hook<readonly RecallRequest[], Reply<RecallResult>>
  leave?: Hook<Lineage, Lineage>
  twins?: Hook<Parameters<Store['twins']>[0], Awaited<ReturnType<Store['twins']>>>
  list?: Hook<Parameters<Store['list']>[0], Awaited<ReturnType<Store['list']>>>
  purge?: Hook<Parameters<Store['purge']>[0], Awaited<ReturnType<Store['purge']>>>
  replaceIf?: Hook<Parameters<Store['records']['replaceIf']>[0], boolean>
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
      ...(inner.recalling === undefined ? {} : { recalling: inner.recalling }),
      ...(inner.watch === undefined ? {} : { watch: inner.watch }),
      open: () => this.#pass('open', undefined, () => inner.open()),
      claim: (requests, lineage) => this.#pass('claim', requests, (given) => inner.claim(given, lineage)),
      settle: (requests, lineage) => this.#pass('settle', requests, (given) => inner.settle(given, lineage)),
      renew: (requests, lineage) => this.#pass('renew', requests, (given) => inner.renew(given, lineage)),
      read: (refs) => this.#pass('read', refs, (given) => inner.read(given)),
      resolve: (requests, lineage) =>
        this.#pass('resolve', requests, (given) => inner.resolve(given, lineage)),
      recall: (requests, lineage) => this.#pass('recall', requests, (given) => inner.recall(given, lineage)),
      leave: (lineage) => this.#pass('leave', lineage, (given) => inner.leave(given)),
      twins: (requests) => this.#pass('twins', requests, (given) => inner.twins(given)),
      list: (query) => this.#pass('list', query, (given) => inner.list(given)),
      purge: (request) => this.#pass('purge', request, (given) => inner.purge(given)),
      records: {
        append: (records) => this.#pass('append', records, (given) => inner.records.append(given)),
        read: (query) => inner.records.read(query),
        replaceIf: (record) => this.#pass('replaceIf', record, (given) => inner.records.replaceIf(given)),
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
