import { buildConnector, Pool } from 'undici'
import { Bag } from '../kernel/bag.ts'
import { members } from '../kernel/check.ts'
import { OncewardError, optionInvalid } from '../kernel/errors.ts'
import type { Runtime } from '../kernel/runtime.ts'
import { timestamp } from '../kernel/time.ts'
import { systemRuntime } from '../system.ts'
import { Breaker, type BreakerState, whyOpen } from './breaker.ts'
import { sharedBudget } from './budget.ts'
import { Bulkhead } from './bulkhead.ts'
import { LogicalCall } from './call.ts'
import type { ClientCore } from './core.ts'
import { type OutboundRules, outboundRules } from './decisions.ts'
import { OutboundError } from './errors.ts'
import { OutboundEvents, type OutboundEventType, type OutboundListener, type PoolLoad } from './events.ts'
import { makeFetch } from './fetch.ts'
import { Flights } from './flights.ts'
import { guardedRequest } from './guarded-call.ts'
import type { ClientRequest, ClientResponse } from './message.ts'
import { type ClientOptions, duration, type ParsedClientOptions, parseClientOptions } from './options.ts'
import { isSafeMethod, keyOf, prepare, targetCallOf } from './prepare.ts'

/** Calls one target. Make one per target and process, and share it; `close` it at the end. */
export interface Client {
  /**
   * Makes one logical call. Gives any answer that the target makes final, whatever its status. Throws an `OutboundError`
   * with `outcome` where there is none, and an `OncewardError` for misuse or by word of the ledger.
   */
  request(request: ClientRequest): Promise<ClientResponse>
  /**
   * A `fetch` of this client's origin, by the same rules; what it does not do is in docs/guide/outbound.md. A key is
   * taken from where the target has it: the `Idempotency-Key` header, for one.
   */
  readonly fetch: typeof globalThis.fetch
  /** Counters and states, now. */
  stats(): ClientStats
  on<T extends OutboundEventType>(type: T | '*', listener: OutboundListener<T>): () => void
  /** Refuses new calls, and waits up to `graceMs` (default 10,000) for those under way; then they are broken off. */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

export interface ClientStats {
  readonly destination: string
  /** Logical calls that reached the client. */
  readonly calls: number
  /** Requests given to the pool; of those, how many were answered whole, not sent at all, or ended unknown. */
  readonly sends: number
  readonly answered: number
  readonly notSent: number
  readonly unknown: number
  readonly pool: PoolLoad & { readonly saturatedMs: number }
  /** First calls and scheduled retries of the last ten seconds, of every client of the process. */
  readonly budget: { readonly calls: number; readonly retries: number }
  readonly breaker: BreakerState | undefined
  readonly bulkhead: { readonly running: number; readonly waiting: number } | undefined
  /** Events by type since the client was made. */
  readonly events: Readonly<Partial<Record<OutboundEventType, number>>>
}

/** What a client is made of, where it is not the standard. */
export interface ClientParts {
  readonly runtime?: Runtime
  readonly rules?: OutboundRules
  readonly whyOpen?: typeof whyOpen
}

/** Makes a client. Throws `OPTION_INVALID`, naming the value and what was expected. */
export function createClient(options: ClientOptions): Client {
  return makeClient(options)
}

/** The same, with everything passed in. */
export function makeClient(given: ClientOptions, parts: ClientParts = {}): Client {
  const options = parseClientOptions(given)
  const runtime = parts.runtime ?? systemRuntime
  return new StandardClient(options, runtime, parts)
}

class StandardClient implements Client {
  readonly fetch: typeof globalThis.fetch
  readonly #core: ClientCore
  readonly #pool: Pool
  readonly #bulkhead: Bulkhead | undefined
  readonly #counts = { calls: 0, sends: 0, answered: 0, notSent: 0, unknown: 0 }
  #closing: Promise<void> | undefined
  #running = 0
  #onIdle: (() => void) | undefined

  constructor(options: ParsedClientOptions, runtime: Runtime, parts: ClientParts) {
    const { origin, pool, breaker, bulkhead } = options
    const events = new OutboundEvents(origin, () => timestamp(runtime.wallMs()))
    this.#pool = poolOf(options)
    this.#bulkhead = bulkhead === undefined ? undefined : new Bulkhead(bulkhead)
    const { connections, saturatedAfterMs } = pool
    this.#core = {
      options,
      runtime,
      rules: parts.rules ?? outboundRules,
      events,
      flights: new Flights({ pool: this.#pool, runtime, events, connections, saturatedAfterMs }),
      budget: sharedBudget(runtime, origin),
      breaker:
        breaker &&
        new Breaker(breaker, runtime, {
          changed: (from, to, why) => events.emit('breaker_changed', { from, to, why }),
          whyOpen: parts.whyOpen ?? whyOpen,
        }),
      calls: new Bag(),
      closed: undefined,
      countSend: (end) => {
        this.#counts.sends += 1
        if (end.kind === 'answered') this.#counts.answered += 1
        else if (end.hasBegun) this.#counts.unknown += 1
        else this.#counts.notSent += 1
      },
    }
    this.fetch = makeFetch(options, (request) => this.request(request))
  }

  async request(request: ClientRequest): Promise<ClientResponse> {
    if (this.#closing !== undefined) throw new OncewardError('CLOSED', 'This client has been closed.')
    const { signal, deadlineMs } = members(request, 'request')
    if (deadlineMs !== undefined) duration(deadlineMs, 'request.deadlineMs')
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw optionInvalid('request.signal', 'an AbortSignal', signal)
    this.#counts.calls += 1
    this.#running += 1
    try {
      if (this.#bulkhead === undefined) return await this.#call(request)
      const leftMs = await this.#enter(this.#bulkhead, request)
      try {
        return await this.#call({ ...request, deadlineMs: leftMs })
      } finally {
        this.#bulkhead.leave()
      }
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#onIdle?.()
    }
  }

  #call(request: ClientRequest): Promise<ClientResponse> | ClientResponse {
    const core = this.#core
    const { options } = core
    const call = targetCallOf(options, request)
    const { once } = options
    if (once !== undefined && (request.intent !== undefined || !isSafeMethod(call.method)))
      return guardedRequest(core, once, { request, call })
    const { intent, deadlineMs, signal } = request
    const key = keyOf(options.target, request, { call, nowMs: core.runtime.wallMs() })
    const signals = signal === undefined ? [] : [signal]
    const prepared = prepare(options, call, { key, safety: intent?.safety, deadlineMs, signals })
    return new LogicalCall(core, prepared).start().then(({ response }) => response)
  }

  /** Waits for a place, and gives what is left of the deadline. Rejects where there is none, and when the caller gives up. */
  #enter(bulkhead: Bulkhead, { signal, deadlineMs: given }: ClientRequest): Promise<number> {
    const { options, runtime, events } = this.#core
    const deadlineMs = given ?? options.deadlineMs
    const sinceMs = runtime.monotonicMs()
    return new Promise((resolve, reject) => {
      const refuse = (why: string, cause?: unknown): void => {
        cleanUp()
        const message = `${options.origin}: nothing was sent, ${why}.`
        reject(new OutboundError('BULKHEAD_FULL', message, { outcome: 'refused', attempts: 0, cause }))
      }
      const onAbort = (): void => {
        giveUp()
        refuse('the caller gave up before its turn', signal?.reason)
      }
      const begin = (): void => {
        cleanUp()
        resolve(Math.max(1, Math.floor(deadlineMs - (runtime.monotonicMs() - sinceMs))))
      }
      let cleanUp = (): void => undefined
      let giveUp = (): void => undefined
      const place = bulkhead.enter(begin)
      if (place === true) return
      if (place === false) {
        const { running, waiting } = bulkhead
        events.emit('bulkhead_full', { running, waiting })
        return refuse(`${running} calls run and ${waiting} wait already`)
      }
      giveUp = place
      const outOfTime = (): void => {
        giveUp()
        refuse('its turn did not come before the deadline')
      }
      // What runs keeps the process alive.
      const timer = runtime.setTimer(deadlineMs, outOfTime, { background: true })
      signal?.addEventListener('abort', onAbort)
      cleanUp = () => {
        timer.cancel()
        signal?.removeEventListener('abort', onAbort)
      }
      if (signal?.aborted === true) onAbort()
    })
  }

  stats(): ClientStats {
    const { options, flights, budget, breaker, events } = this.#core
    const bulkhead = this.#bulkhead
    return {
      destination: options.origin,
      ...this.#counts,
      pool: { ...flights.load(), saturatedMs: flights.saturatedMs },
      budget: budget.lately,
      breaker: breaker?.state,
      bulkhead: bulkhead && { running: bulkhead.running, waiting: bulkhead.waiting },
      events: events.counts(),
    }
  }

  on<T extends OutboundEventType>(type: T | '*', listener: OutboundListener<T>): () => void {
    return this.#core.events.on(type, listener)
  }

  async close(given: { readonly graceMs?: number } = {}): Promise<void> {
    const graceMs = given.graceMs ?? 10_000
    if (!Number.isSafeInteger(graceMs) || graceMs < 0)
      throw optionInvalid('graceMs', 'a whole number of milliseconds, at least 0', graceMs)
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const { runtime, flights, calls } = this.#core
    if (this.#running > 0 && graceMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = runtime.setTimer(graceMs, resolve, { background: true })
        this.#onIdle = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    const error = new OncewardError('CLOSED', 'The client was closed before this call ended.')
    this.#core.closed = error
    for (const call of calls.all()) call.abort(error)
    flights.stop()
    await this.#pool.destroy()
  }
}

function poolOf({ origin, pool, timeoutMs }: ParsedClientOptions): Pool {
  return new Pool(origin, {
    connections: pool.connections,
    // One request a connection at a time, so that a cut concerns the one that was written on it.
    pipelining: 1,
    keepAliveTimeout: pool.keepAliveMs,
    keepAliveMaxTimeout: pool.keepAliveMs,
    // The client's own limits hold for queue, connection and answer together.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: buildConnector({ ...pool.tls, timeout: timeoutMs } as buildConnector.BuildOptions),
  })
}
