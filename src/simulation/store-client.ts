import {
  type ClaimRequest,
  type ClaimResult,
  type Lineage,
  type RenewRequest,
  type RenewResult,
  type Reply,
  type SettleRequest,
  type Store,
  StoreFault,
  type TransactionResult,
} from '../ledger/store.ts'
import type { Link, Mishap } from './link.ts'
import type { Machine } from './machine.ts'
import type { StoreFaultKind, StoreMethod } from './plan.ts'
import type { Scheduler } from './scheduler.ts'
import type { OwnRow, Server } from './server.ts'

/** A fault of the plan that a request meets. */
export interface StoreMishap {
  readonly what: StoreFaultKind
  readonly byMs: number
  readonly isSilent: boolean
}

export interface StoreClientOptions {
  readonly machine: Machine
  readonly link: Link
  readonly scheduler: Scheduler
  readonly server: Server
  /** The plan's fault for this request, if there is one. */
  readonly mishapOf: (machine: Machine, method: StoreMethod) => StoreMishap | undefined
  /** A short name of a row, for the trace. */
  readonly labelOf: (ref: string) => string
}

/** What `attempt.transaction` hands to the caller's work: its rows are committed with the entry, or not at all. */
export interface OwnRows {
  insert(row: OwnRow): void
}

/** An idle session that has a row locked is ended by the server. */
const idleInTransactionMs = 400

/** The `Store` of one process: every call is a message to the server and one back. */
export function storeClient(options: StoreClientOptions): Store {
  const client = new StoreClient(options)
  const other = <A>(what: string, run: (store: Store) => Promise<A>): Promise<A> =>
    client.call({ method: 'other', what, requests: [] }, run)
  return {
    name: 'simulated',
    location: 'simulated:',
    maxBatch: 500,
    isTransactional: true,
    open: () => client.open(),
    claim: (requests) => client.claim(requests),
    settle: (requests) => client.write('settle', requests, (store) => store.settle(requests)),
    renew: (requests) => client.renew(requests),
    read: (refs) =>
      client.call({ method: 'read', what: client.label('read', refs), requests: [] }, (store) =>
        store.read(refs),
      ),
    resolve: (requests) => client.write('resolve', requests, (store) => store.resolve(requests)),
    twins: (requests) => other('twins', (store) => store.twins(requests)),
    list: (query) => other('list', (store) => store.list(query)),
    purge: (request) => other('purge', (store) => store.purge(request)),
    records: {
      append: (records) => other('append', (store) => store.records.append(records)),
      read: (query) => other('records', (store) => store.records.read(query)),
      replaceIf: (record) => other('replace', (store) => store.records.replaceIf(record)),
      prune: (query) => other('prune', (store) => store.records.prune(query)),
    },
    transaction: (work, prepare) => client.transaction(work, prepare),
    close: () => Promise.resolve(),
  }
}

interface Asking {
  readonly method: StoreMethod
  readonly what: string
  readonly requests: readonly { readonly ref: string }[]
}

class StoreClient {
  readonly #options: StoreClientOptions
  /** Every write names it; where it has changed, nothing is written. */
  #lineage: Lineage | undefined

  constructor(options: StoreClientOptions) {
    this.#options = options
  }

  label(what: string, refs: readonly string[]): string {
    return `${what} ${refs.map((ref) => this.#options.labelOf(ref)).join(' ')}`
  }

  async open(): Promise<Lineage> {
    const { server } = this.#options
    const lineage = await this.call({ method: 'other', what: 'open', requests: [] }, () =>
      Promise.resolve(server.lineage),
    )
    this.#lineage = lineage
    return lineage
  }

  /** A message to the server, which works `run`, and its answer back. */
  call<A>(asking: Asking, run: (store: Store) => Promise<A>): Promise<A> {
    const { server, machine } = this.#options
    const { method, requests } = asking
    const lineage = requests.length > 0 ? this.#lineage : undefined
    return this.#send(asking, async () => {
      const working = { method, by: machine, requests }
      try {
        return await server.work(working, lineage, run)
      } catch (error) {
        // As a client does that finds that it writes under an old lineage: it reads the new one and tries again.
        if (server.isUp) this.#lineage = server.lineage
        throw error
      }
    })
  }

  async #send<A>(asking: Asking, work: () => Promise<A>): Promise<A> {
    const { machine, link, server, mishapOf } = this.#options
    const fault = mishapOf(machine, asking.method)
    const arrive = async (isFirst: boolean): Promise<A> => {
      if (fault?.what === 'refused' && isFirst) throw new StoreFault('unavailable', 'connection refused')
      if (fault?.what === 'conflict' && isFirst) throw new StoreFault('conflict', 'the row is locked')
      const before = server.commits
      const answer = await work()
      if (fault?.what !== 'cancelled') return answer
      if (server.commits > before) server.cancelWait()
      throw new StoreFault('lost', 'the wait for the standby was cancelled')
    }
    return link.send({
      machine,
      to: 'store',
      what: asking.what,
      mishap: fault === undefined ? undefined : mishapFrom(fault),
      arrive,
      broken: () => new StoreFault('lost', 'connection reset'),
      show: showAnswer,
    })
  }

  /** Writes that wait for a locked row, and give up. */
  write<Q extends { readonly ref: string }, R>(
    method: 'settle' | 'resolve',
    requests: readonly Q[],
    run: (store: Store) => Promise<Reply<R>>,
  ): Promise<Reply<R>> {
    const { server } = this.#options
    const what = this.label(
      method,
      requests.map(({ ref }) => ref),
    )
    return this.call({ method, what, requests }, (store) =>
      requests.some(({ ref }) => server.isLocked(ref))
        ? Promise.reject(new StoreFault('conflict', 'the row is locked'))
        : run(store),
    )
  }

  /** Rule 10: takeovers skip locked rows. */
  claim(requests: readonly ClaimRequest[]): Promise<Reply<ClaimResult>> {
    const { server } = this.#options
    const isLocked = ({ ref, expect }: ClaimRequest): boolean => expect !== undefined && server.isLocked(ref)
    const what = this.label(
      'claim',
      requests.map(({ ref }) => ref),
    )
    return this.call({ method: 'claim', what, requests }, async (store) => {
      const free = requests.filter((request) => !isLocked(request))
      const { nowMs, results } = await store.claim(free)
      const answers = [...results]
      return {
        nowMs,
        results: requests.map((request): ClaimResult => {
          if (!isLocked(request)) return answers.shift() as ClaimResult
          const entry = server.data.rows.get(request.ref)
          return entry === undefined ? { kind: 'gone' } : { kind: 'held', entry }
        }),
      }
    })
  }

  /** Rule 10: so do renewals. */
  renew(requests: readonly RenewRequest[]): Promise<Reply<RenewResult>> {
    const { server } = this.#options
    const what = this.label(
      'renew',
      requests.map(({ ref }) => ref),
    )
    return this.call({ method: 'renew', what, requests }, async (store) => {
      const free = requests.filter(({ ref }) => !server.isLocked(ref))
      const { nowMs, results } = await store.renew(free)
      const answers = [...results]
      return {
        nowMs,
        results: requests.map(({ ref }) =>
          server.isLocked(ref) ? { kind: 'busy' } : (answers.shift() as RenewResult),
        ),
      }
    })
  }

  /** Two messages: the settle as the last statement, which locks the row, and COMMIT. */
  async transaction<T>(
    work: (transaction: unknown) => T | Promise<T>,
    prepare: (value: T) => SettleRequest,
  ): Promise<TransactionResult<T>> {
    const { server, machine, scheduler } = this.#options
    const rows: OwnRow[] = []
    const own: OwnRows = { insert: (row) => void rows.push(row) }
    const value = await work(own)
    const request = prepare(value)
    const requests = [request]
    const session = {}
    await this.call({ method: 'other', what: this.label('settle in', [request.ref]), requests }, () => {
      if (server.isLocked(request.ref))
        return Promise.reject(new StoreFault('conflict', 'the row is locked'))
      server.lock(request.ref, session)
      scheduler.after(idleInTransactionMs, undefined, () => {
        server.unlock(session)
        return false
      })
      return Promise.resolve()
    })
    const what = this.label('COMMIT', [request.ref])
    const entry = await this.#send({ method: 'transaction', what, requests }, async () => {
      if (!server.isUp || !server.isReachable || !server.holdsLock(session))
        throw new StoreFault('lost', 'the server has ended the session')
      const committed = await server.commitTogether({ method: 'transaction', by: machine, requests }, request, rows)
      server.unlock(session)
      return committed
    })
    return entry === undefined ? { kind: 'rolled-back' } : { kind: 'committed', value, entry }
  }
}

function mishapFrom({ what, byMs, isSilent }: StoreMishap): Mishap | undefined {
  const isTold = !isSilent
  switch (what) {
    case 'lost-request':
      return { losesRequest: true, isTold }
    case 'lost-reply':
      return { losesReply: true, isTold }
    case 'late-request':
      return { requestLateMs: byMs, isTold }
    case 'late-reply':
      return { replyLateMs: byMs, isTold }
    case 'twice':
      return { againMs: byMs }
    default:
      return undefined
  }
}

/** One word for each result, and its row's fence and state where it has one. */
function showAnswer(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null || !('results' in answer)) return 'ok'
  return (answer.results as readonly unknown[]).map(showResult).join(' ')
}

function showResult(result: unknown): string {
  if (typeof result !== 'object' || result === null) return 'none'
  const { kind, entry } = result as { kind?: string; entry?: unknown }
  const row = kind === undefined ? result : entry
  const text = typeof row === 'object' && row !== null && 'state' in row ? showRow(row as ShownRow) : ''
  return [kind, text].filter((part) => part !== undefined && part !== '').join(': ')
}

interface ShownRow {
  readonly state: string
  readonly epoch: number
  readonly attempt: number
  readonly rev: number
}

/** `started (1, 2) rev 5`. */
export function showRow({ state, epoch, attempt, rev }: ShownRow): string {
  return `${state} (${epoch}, ${attempt}) rev ${rev}`
}
