import { AsyncLocalStorage } from 'node:async_hooks'
import { OncewardError } from '../kernel/errors.ts'
import { workerId } from '../kernel/ids.ts'
import { EventStream, nobody } from './events.ts'
import { answerInTime, Lane } from './group-commit.ts'
import { Heartbeat } from './heartbeat.ts'
import type { ParsedOptions } from './options.ts'
import type { Rules } from './rules.ts'
import { Running } from './running.ts'
import type {
  ClaimRequest,
  ClaimResult,
  RecallingStore,
  RenewRequest,
  RenewResult,
  Reply,
  ResolveRequest,
  ResolveResult,
  SettleRequest,
  SettleResult,
  TwinRequest,
} from './store.ts'
import type { Entry } from './entry.ts'

/** The lanes to the store. Renewals have one of their own, so that a queue of claims cannot cost a lease (rule 8). */
export interface Lanes {
  readonly claim: Lane<ClaimRequest, ClaimResult>
  readonly settle: Lane<SettleRequest, SettleResult>
  readonly renew: Lane<RenewRequest, RenewResult>
  readonly read: Lane<string, Entry | undefined>
  readonly resolve: Lane<ResolveRequest, ResolveResult>
  readonly twins: Lane<TwinRequest, readonly string[]>
}

/** What all parts of one instance share. */
export interface Ledger {
  readonly options: ParsedOptions
  /** The store of the options, where it can lose what it acknowledged. */
  readonly recalling: RecallingStore | undefined
  readonly rules: Rules
  readonly events: EventStream
  readonly lanes: Lanes
  readonly heartbeat: Heartbeat
  readonly running: Running
  /** Refs of the entries whose effects the current call stack runs inside of: nobody waits on oneself (rule 12). */
  readonly inside: AsyncLocalStorage<readonly string[]>
  /** Connects once; the next call tries again after a failure. Throws `STORE_…`. */
  open(): Promise<void>
  isOpen(): boolean
  /** One call to the store beside the lanes, within storeTimeoutMs. Rejects with a coded error. */
  inTime<T>(doing: string, work: Promise<T>): Promise<T>
}

const byRef = <Q extends { readonly ref: string }>(request: Q): string => request.ref

export function createContext(given: ParsedOptions, rules: Rules): Ledger {
  const { runtime } = given
  const running = new Running()
  const events = new EventStream(runtime, workerId(runtime))
  const recalling = given.store.recalling?.(given.store, { ...given, rules, events })
  const store = recalling ?? given.store
  const options = { ...given, store }
  const lane = <Q, R>(
    name: string,
    refOf: (request: Q) => string,
    send: (requests: readonly Q[]) => Promise<Reply<R>>,
  ): Lane<Q, R> =>
    new Lane({
      name,
      runtime,
      dropsLate: name === 'claim',
      maxBatch: store.maxBatch,
      isClosed: () => running.isOver,
      refOf,
      send,
      onFault: (fault, retried) =>
        events.emit('store_fault', nobody(options.scope), {
          kind: fault.kind,
          message: fault.message,
          retried,
        }),
    })
  const lanes: Lanes = {
    claim: lane('claim', byRef<ClaimRequest>, (requests) => store.claim(requests)),
    settle: lane('settle', byRef<SettleRequest>, (requests) => store.settle(requests)),
    renew: lane('renewal', byRef<RenewRequest>, (requests) => store.renew(requests)),
    read: lane(
      'read',
      (ref) => ref,
      (refs) => store.read(refs),
    ),
    resolve: lane('resolution', byRef<ResolveRequest>, (requests) => store.resolve(requests)),
    twins: lane('twin search', byRef<TwinRequest>, (requests) => store.twins(requests)),
  }
  const inTime = <T>(doing: string, work: Promise<T>): Promise<T> =>
    answerInTime(work, { runtime, timeoutMs: options.storeTimeoutMs, doing })
  return {
    options,
    recalling,
    rules,
    events,
    lanes,
    heartbeat: new Heartbeat({
      runtime,
      rules,
      renewals: lanes.renew,
      maxRunMs: options.maxRunMs,
      epoch: () => recalling?.epoch,
    }),
    running,
    inside: new AsyncLocalStorage(),
    ...opener(() => inTime('connection', store.open())),
    inTime,
  }
}

function opener(connect: () => Promise<unknown>): Pick<Ledger, 'open' | 'isOpen'> {
  let opening: Promise<void> | undefined
  let isOpen = false
  const open = async (): Promise<void> => {
    try {
      await connect()
      isOpen = true
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  return { open: () => (opening ??= open()), isOpen: () => isOpen }
}

export function closedError(): OncewardError {
  return new OncewardError('CLOSED', 'This instance has been closed; nothing new runs on it.')
}
