import type { Entry } from '../../ledger/entry.ts'
import type {
  ClaimRequest,
  ClaimResult,
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
} from '../../ledger/store.ts'

/** What the handles on one place share: a mutant's memory. */
export type Notes = Map<string, unknown>

/** Makes the methods of a broken store out of a good one. */
export type Break = (store: Store, notes: Notes) => Partial<Store>

/** A store that breaks one promise, and the sentences that must notice. */
export interface Mutant {
  readonly id: string
  /** What it does wrong, in a few words. */
  readonly breaks: string
  /** Titles of contract cases, each of which must reject it. */
  readonly caughtBy: readonly string[]
  readonly broken: Break
}

interface Requests {
  readonly claim: ClaimRequest
  readonly settle: SettleRequest
  readonly renew: RenewRequest
  readonly resolve: ResolveRequest
  readonly recall: RecallRequest
}

interface Results {
  readonly claim: ClaimResult
  readonly settle: SettleResult
  readonly renew: RenewResult
  readonly resolve: ResolveResult
  readonly recall: RecallResult
}

export type Method = keyof Requests
type Send<M extends Method> = (requests: readonly Requests[M][]) => Promise<Reply<Results[M]>>

/** Where an edit happens. */
export interface At {
  readonly store: Store
  readonly notes: Notes
}

/** A plain object that passes everything on, so that single methods can be replaced whatever `store` is. */
export function delegate(store: Store): Store {
  const { records } = store
  const good: Store = {
    name: store.name,
    location: store.location,
    maxBatch: store.maxBatch,
    isTransactional: store.isTransactional,
    open: () => store.open(),
    ...(store.recalling === undefined ? {} : { recalling: store.recalling }),
    ...(store.watch === undefined ? {} : { watch: store.watch }),
    claim: (requests, lineage) => store.claim(requests, lineage),
    settle: (requests, lineage) => store.settle(requests, lineage),
    renew: (requests, lineage) => store.renew(requests, lineage),
    read: (refs) => store.read(refs),
    resolve: (requests, lineage) => store.resolve(requests, lineage),
    recall: (requests, lineage) => store.recall(requests, lineage),
    leave: (lineage) => store.leave(lineage),
    twins: (requests) => store.twins(requests),
    list: (query) => store.list(query),
    purge: (request) => store.purge(request),
    records: {
      append: (added) => records.append(added),
      read: (query) => records.read(query),
      replaceIf: (record) => records.replaceIf(record),
      prune: (query) => records.prune(query),
    },
    close: () => store.close(),
  }
  if (store.transaction === undefined) return good
  const transaction: NonNullable<Store['transaction']> = (work, prepare, lineage) => {
    if (store.transaction === undefined) throw new TypeError('The store has no transactions any more.')
    return store.transaction(work, prepare, lineage)
  }
  return { ...good, transaction }
}

/** Several breaks, each around the ones before. */
export function all(...breaks: readonly Break[]): Break {
  return (store, notes) =>
    breaks.reduce<Store>((inner, broken) => ({ ...inner, ...broken(inner, notes) }), delegate(store))
}

/** Changes what one method is asked. */
export function ask<M extends Method>(
  method: M,
  edit: (request: Requests[M], at: At) => Requests[M] | Promise<Requests[M]>,
): Break {
  return (store, notes) => {
    const send = sender(store, method)
    const broken: Send<M> = async (requests) =>
      send(await Promise.all(requests.map(async (request) => edit(request, { store, notes }))))
    return { [method]: broken }
  }
}

/** Changes what one method answers. The good store has done its work before. */
export function answer<M extends Method>(
  method: M,
  edit: (result: Results[M], request: Requests[M], at: At) => Results[M] | Promise<Results[M]>,
): Break {
  return (store, notes) => {
    const send = sender(store, method)
    const broken: Send<M> = async (requests) => {
      const good = await send(requests)
      const edited: Results[M][] = []
      for (const [index, request] of requests.entries()) {
        const result = good.results[index]
        if (result !== undefined) edited.push(await edit(result, request, { store, notes }))
      }
      return { ...good, results: edited }
    }
    return { [method]: broken }
  }
}

/** Answers `instead` without asking the good store, where it is not undefined. Requests are worked one by one. */
export function shortcut<M extends Method>(
  method: M,
  instead: (request: Requests[M], at: At) => Promise<Results[M] | undefined>,
): Break {
  return (store, notes) => {
    const send = sender(store, method)
    const broken: Send<M> = async (requests) => {
      const results: Results[M][] = []
      for (const request of requests) {
        const early = await instead(request, { store, notes })
        if (early !== undefined) results.push(early)
        else results.push(...(await send([request])).results)
      }
      return { nowMs: (await store.read([])).nowMs, results }
    }
    return { [method]: broken }
  }
}

/** Changes the answers of one method as a whole: their order, their number. */
export function reply<M extends Method>(
  method: M,
  edit: (results: readonly Results[M][]) => readonly Results[M][],
): Break {
  return (store) => {
    const send = sender(store, method)
    const broken: Send<M> = async (requests) => {
      const good = await send(requests)
      return { ...good, results: edit(good.results) }
    }
    return { [method]: broken }
  }
}

function sender<M extends Method>(store: Store, method: M): Send<M> {
  const methods = {
    claim: (requests: readonly ClaimRequest[]) => store.claim(requests),
    settle: (requests: readonly SettleRequest[]) => store.settle(requests),
    renew: (requests: readonly RenewRequest[]) => store.renew(requests),
    resolve: (requests: readonly ResolveRequest[]) => store.resolve(requests),
    recall: (requests: readonly RecallRequest[]) => store.recall(requests),
  }
  return methods[method] as unknown as Send<M>
}

/** Changes every row that is shown, wherever it is shown, as if it had been kept so. */
export function show(edit: (row: Entry, notes: Notes) => Entry): Break {
  return (store, notes) => {
    const shown = (row: Entry | undefined): Entry | undefined =>
      row === undefined ? undefined : edit(row, notes)
    const stale = <R extends { readonly kind: string; readonly entry: Entry | undefined }>(result: R): R => ({
      ...result,
      entry: shown(result.entry),
    })
    return {
      claim: async (requests) =>
        mapped(await store.claim(requests), (result) => (result.kind === 'gone' ? result : stale(result))),
      settle: async (requests) => mapped(await store.settle(requests), stale),
      resolve: async (requests) => mapped(await store.resolve(requests), stale),
      recall: async (requests) => mapped(await store.recall(requests), stale),
      read: async (refs) => mapped(await store.read(refs), shown),
      list: async (query) => {
        const page = await store.list(query)
        return { ...page, entries: page.entries.map((row) => edit(row, notes)) }
      },
    }
  }
}

export function mapped<R>(good: Reply<R>, edit: (result: R) => R): Reply<R> {
  return { ...good, results: good.results.map(edit) }
}

/** The row as it is now. */
export async function rowOf(store: Store, ref: string): Promise<Entry | undefined> {
  return (await store.read([ref])).results[0]
}

/** A note of the place, made when first asked for. */
export function noted<T>(notes: Notes, name: string, make: () => T): T {
  if (!notes.has(name)) notes.set(name, make())
  return notes.get(name) as T
}

/** A row without some of its members. */
/** Only the members that a row has. */
export function present(row: Entry): Partial<Entry> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
}

export function without(row: Entry, ...names: readonly (keyof Entry)[]): Entry {
  return Object.fromEntries(
    Object.entries(row).filter(([name]) => !names.includes(name as keyof Entry)),
  ) as unknown as Entry
}
