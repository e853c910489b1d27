import { AsyncLocalStorage } from 'node:async_hooks'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Intent } from '../ledger/intent.ts'
import type { Effect, Onceward } from '../ledger/onceward.ts'
import type { Sink } from './samples.ts'
import type { CallSpan, Spans } from './spans.ts'

export interface Watchers {
  readonly sink: Sink
  readonly spans: Spans | undefined
  monotonicMs(): number
}

/** One call, from its beginning to its answer. */
class WatchedCall {
  readonly span: CallSpan | undefined
  readonly #watchers: Watchers
  readonly #beganAtMs: number
  #ref: string | undefined
  #hasEnded = false

  constructor(watchers: Watchers, span: CallSpan | undefined) {
    this.span = span
    this.#watchers = watchers
    this.#beganAtMs = watchers.monotonicMs()
  }

  /** Events of other entries come by: leases of many are renewed by one timer, and an effect may call another one. */
  note(event: OncewardEvent): void {
    if (this.#hasEnded || event.ref === '') return
    if (this.#ref === undefined) {
      if (!('verdict' in event)) return
      this.#ref = event.ref
      this.#firstVerdict(event)
    }
    if (event.ref === this.#ref) this.span?.note(event)
  }

  end(error?: unknown): void {
    this.#hasEnded = true
    this.span?.end(error)
  }

  #firstVerdict({ verdict, operation }: OncewardEvent & { readonly verdict: string }): void {
    const seconds = (this.#watchers.monotonicMs() - this.#beganAtMs) / 1000
    const isDuplicate = verdict === 'wait' || verdict === 'replay' || verdict === 'doubt'
    const { sink } = this.#watchers
    sink.observe('onceward_claim_duration_seconds', { verdict }, seconds)
    if (isDuplicate) sink.add('idempotency_key_duplicates_total', { operation }, 1)
  }
}

/** The same instance with its calls watched. */
export function instrumented(once: Onceward, watchers: Watchers): Onceward {
  const calls = new AsyncLocalStorage<WatchedCall>()
  once.on('*', (event) => calls.getStore()?.note(event))
  const watch = <T, R>(
    intent: Intent,
    effect: Effect<T>,
    call: (effect: Effect<T>) => Promise<R>,
  ): Promise<R> => {
    const span = watchers.spans?.begin(once.scope, operationOf(intent))
    const watched = new WatchedCall(watchers, span)
    const isTraced = span !== undefined && typeof effect === 'function'
    const begin = (): Promise<R> => calls.run(watched, () => call(isTraced ? span.wrap(effect) : effect))
    const answer = span === undefined ? begin() : span.inside(begin)
    answer.then(
      () => watched.end(),
      (error: unknown) => watched.end(error),
    )
    return answer
  }
  return {
    ...once,
    run: (intent, effect) => watch(intent, effect, (given) => once.run(intent, given)),
    execute: (intent, effect) => watch(intent, effect, (given) => once.execute(intent, given)),
  }
}

/** What a caller passed may be anything: the ledger refuses it by its own words. */
function operationOf(intent: Intent | undefined | null): string {
  const operation: unknown = intent?.operation
  return typeof operation === 'string' ? operation.slice(0, 100) : ''
}
