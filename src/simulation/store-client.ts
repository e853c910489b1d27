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
import { showAnswer } from './show.ts'

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
const idleInTransactionMs = 200

/** The `Store` of one process: every call is a message to the server and one back. */
export function storeClient(options: StoreClientOptions): Store {
  const client = new StoreClient(options)
  const { engine } = client
  const other = <A>(what: string, run: () => Promise<A>): Promise<A> =>
    client.call({ method: 'other', what, refs: [] }, run)
  const { recalling } = engine
  return {
    name: 'simulated',
    location: 'simulated:',
    maxBatch: 500,
    isTransactional: true,
    ...(recalling === undefined ? {} : { recalling }),
    open: () => other('open', () => engine.open()),
    claim: (requests, lineage) => client.claim(requests, lineage),
    settle: (requests, lineage) => client.write('settle', requests, () => engine.settle(requests, lineage)),
    renew: (requests, lineage) => client.renew(requests, lineage),
    read: (refs) => client.call({ method: 'read', refs }, () => engine.read(refs)),
    resolve: (requests, lineage) =>
      client.write('resolve', requests, () => engine.resolve(requests, lineage)),
    recall: (requests, lineage) => {
      const refs = requests.map(({ entry }) => entry.ref)
      return client.call({ method: 'recall', refs }, () => engine.recall(requests, lineage))
    },
    leave: (lineage) => other('leave', () => engine.leave(lineage)),
    twins: (requests) => other('twins', () => engine.twins(requests)),
    list: (query) => other('list', () => engine.list(query)),
    purge: (request) => other('purge', () => engine.purge(request)),
    records: {
      append: (records) => other('append', () => engine.records.append(records)),
      read: (query) => other('records', () => engine.records.read(query)),
      replaceIf: (record) => other('replace', () => engine.records.replaceIf(record)),
      prune: (query) => other('prune', () => engine.records.prune(query)),
    },
    transaction: (work, prepare, lineage) => client.transaction(work, prepare, lineage),
    close: () => Promise.resolve(),
  }
}

interface Asking {
  readonly method: StoreMethod
  /** For the trace, where the method is not word enough. */
  readonly what?: string
  readonly refs: readonly string[]
}

class StoreClient {
  readonly #options: StoreClientOptions
  readonly engine: Store

  constructor(options: StoreClientOptions) {
    this.#options = options
    this.engine = options.server.connect()
  }

  /** A message to the server, which works `run`, and its answer back. */
  call<A>(asking: Asking, run: () => Promise<A>): Promise<A> {
    const { server, machine } = this.#options
    const { method, refs } = asking
    return this.#send(asking, () => server.work({ method, by: machine, refs }, run))
  }

  #send<A>({ method, what = method, refs }: Asking, work: () => Promise<A>): Promise<A> {
    const { machine, link, server, mishapOf, labelOf } = this.#options
    const fault = mishapOf(machine, method)
    const arrive = async (isFirst: boolean): Promise<A> => {
      if (fault?.what === 'refused' && isFirst) throw new StoreFault('unavailable', 'connection refused')
      if (fault?.what === 'conflict' && isFirst) throw rowIsLocked()
      const before = server.commits
      const answer = await work()
      if (fault?.what !== 'cancelled' || !isFirst) return answer
      if (server.commits > before) server.cancelWait()
      throw new StoreFault('lost', 'the wait for the standby was cancelled')
    }
    return link.send({
      machine,
      to: 'store',
      what: [what, ...refs.map(labelOf)].join(' '),
      mishap: fault === undefined ? undefined : mishapFrom(fault),
      arrive,
      broken: () => new StoreFault('lost', 'connection reset'),
      show: showAnswer,
    })
  }

  /** Writes that wait for a locked row, and give up. */
  write<R>(
    method: 'settle' | 'resolve',
    requests: readonly { readonly ref: string }[],
    run: () => Promise<Reply<R>>,
  ): Promise<Reply<R>> {
    const { server } = this.#options
    const refs = requests.map(({ ref }) => ref)
    const isLocked = (): boolean => refs.some((ref) => server.isLocked(ref))
    return this.call({ method, refs }, () => (isLocked() ? Promise.reject(rowIsLocked()) : run()))
  }

  /** Rule 10: takeovers skip locked rows. */
  claim(requests: readonly ClaimRequest[], lineage: Lineage | undefined): Promise<Reply<ClaimResult>> {
    const { server } = this.#options
    const isSkipped = ({ ref, expect }: ClaimRequest): boolean => expect !== undefined && server.isLocked(ref)
    const refs = requests.map(({ ref }) => ref)
    return this.call({ method: 'claim', refs }, async () => {
      const skipped = new Set(requests.filter(isSkipped))
      const { nowMs, results } = await this.engine.claim(
        requests.filter((request) => !skipped.has(request)),
        lineage,
      )
      const answers = results.values()
      const answer = (request: ClaimRequest): ClaimResult => {
        if (!skipped.has(request)) return answers.next().value as ClaimResult
        const entry = server.row(request.ref)
        return entry === undefined ? { kind: 'gone' } : { kind: 'held', entry }
      }
      return { nowMs, results: requests.map(answer) }
    })
  }

  /** Rule 10: so do renewals. */
  renew(requests: readonly RenewRequest[], lineage: Lineage | undefined): Promise<Reply<RenewResult>> {
    const { server } = this.#options
    const refs = requests.map(({ ref }) => ref)
    return this.call({ method: 'renew', refs }, async () => {
      const skipped = new Set(refs.filter((ref) => server.isLocked(ref)))
      const { nowMs, results } = await this.engine.renew(
        requests.filter(({ ref }) => !skipped.has(ref)),
        lineage,
      )
      const answers = results.values()
      return {
        nowMs,
        results: refs.map(
          (ref): RenewResult => (skipped.has(ref) ? { kind: 'busy' } : (answers.next().value as RenewResult)),
        ),
      }
    })
  }

  /** Two messages: the settle as the last statement, which locks the row, and COMMIT. */
  async transaction<T>(
    work: (transaction: unknown) => T | Promise<T>,
    prepare: (value: T) => SettleRequest,
    lineage: Lineage | undefined,
  ): Promise<TransactionResult<T>> {
    const { server, machine, scheduler } = this.#options
    const rows: OwnRow[] = []
    const own: OwnRows = { insert: (row) => void rows.push(row) }
    const value = await work(own)
    const request = prepare(value)
    // A session of a database takes no statement twice: what the network repeats comes to one that has ended.
    const session = { hasEnded: false }
    const refs = [request.ref]
    await this.call({ method: 'transaction', what: 'settle in', refs }, () => {
      if (session.hasEnded) return Promise.reject(sessionEnded())
      if (server.isLocked(request.ref)) return Promise.reject(rowIsLocked())
      server.lock(request.ref, session)
      scheduler.after(idleInTransactionMs, undefined, () => {
        server.unlock(session)
        return false
      })
      return Promise.resolve()
    })
    const entry = await this.#send({ method: 'transaction', what: 'COMMIT', refs }, async () => {
      if (session.hasEnded || !server.isAnswering || !server.holdsLock(session)) throw sessionEnded()
      session.hasEnded = true
      const working = { method: 'transaction', by: machine, refs }
      const transaction = { request, rows, lineage }
      const committed = await server.commitTogether(this.engine, working, transaction)
      server.unlock(session)
      return committed
    })
    return entry === undefined ? { kind: 'rolled-back' } : { kind: 'committed', value, entry }
  }
}

function sessionEnded(): StoreFault {
  return new StoreFault('lost', 'the server has ended the session')
}

function rowIsLocked(): StoreFault {
  return new StoreFault('conflict', 'the row is locked')
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
