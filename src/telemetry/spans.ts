import { isOncewardError } from '../kernel/errors.ts'
import type { OncewardEvent } from '../ledger/events.ts'
import type { Attempt, Effect, StepAttempt, StepEffect, StepOptions } from '../ledger/onceward.ts'
import type { Links } from './links.ts'
import type { AttributeValue, OpenTelemetryApi, SpanLike, TracerLike } from './opentelemetry-api.ts'

/** `SpanKind.INTERNAL` and `SpanStatusCode.ERROR` of the API. */
const internal = 0
const statusError = 2

const isVerdict: ReadonlySet<string> = new Set(['claimed', 'waiting', 'replayed', 'refused', 'doubted'])

/** A span for each guarded call and each step. The effect runs inside of its span's context. */
export class Spans {
  readonly #api: OpenTelemetryApi
  readonly #tracer: TracerLike
  readonly #links: Links

  constructor(api: OpenTelemetryApi, links: Links) {
    this.#api = api
    this.#tracer = api.trace.getTracer('onceward')
    this.#links = links
  }

  begin(scope: string, operation: string): CallSpan {
    return new CallSpan(this, this.start(`onceward ${operation}`, scope, operation), this.#links)
  }

  start(name: string, scope: string, operation: string): SpanLike {
    const attributes = { 'onceward.scope': scope, 'onceward.operation': operation }
    return this.#tracer.startSpan(name, { kind: internal, attributes }, this.#api.context.active())
  }

  inside<T>(span: SpanLike, work: () => T): T {
    const { context, trace } = this.#api
    return context.with(trace.setSpan(context.active(), span), work)
  }
}

/** The span of one call, told what the ledger says of it. */
export class CallSpan {
  readonly #spans: Spans
  readonly #span: SpanLike
  readonly #links: Links
  #replayed: OncewardEvent<'replayed'> | undefined
  #has: { scope: string; operation: string } = { scope: '', operation: '' }

  constructor(spans: Spans, span: SpanLike, links: Links) {
    this.#spans = spans
    this.#span = span
    this.#links = links
  }

  inside<T>(work: () => T): T {
    return this.#spans.inside(this.#span, work)
  }

  note(event: OncewardEvent): void {
    const span = this.#span
    if (isVerdict.has(event.type)) {
      span.setAttribute('onceward.verdict', (event as OncewardEvent<'claimed'>).verdict)
      span.setAttribute('onceward.ref', event.ref)
      span.setAttribute('onceward.key', event.key)
      if (event.subject !== undefined) span.setAttribute('onceward.subject', event.subject)
    }
    if ('fence' in event && event.fence !== undefined) {
      span.setAttribute('onceward.attempt', event.fence.attempt)
      span.setAttribute('onceward.epoch', event.fence.epoch)
    }
    if (event.type === 'claimed') {
      this.#has = event
      if (event.takeover) span.setAttribute('onceward.takeover', true)
      this.#links.keep({ ref: event.ref, attempt: event.fence.attempt }, span.spanContext())
    }
    if (event.type === 'replayed') this.#replayed = event
    if (event.type === 'refused') this.#fail(event.code)
    if (event.type === 'doubted' || event.type === 'in_doubt') this.#fail('IN_DOUBT')
    if (event.type === 'failed') this.#fail('EFFECT_FAILED')
    if (event.type === 'outcome_unknown') this.#fail('OUTCOME_UNKNOWN')
    if (event.type === 'lease_lost') this.#fail('LEASE_LOST')
    if (!isVerdict.has(event.type) || event.type === 'waiting') span.addEvent(`onceward.${event.type}`)
  }

  /** The effect, inside of the span's context, with spans of its own for its steps. */
  wrap<T>(effect: Effect<T>): Effect<T> {
    return (attempt) => this.inside(() => effect(new TracedAttempt(attempt, this.#spans, this.#has)))
  }

  /** The call does not wait for it. */
  end(thrown?: unknown): void {
    if (thrown !== undefined) this.#fail(codeOf(thrown))
    if (this.#replayed === undefined || this.#span.addLink === undefined) this.#span.end()
    else void this.#linkAndEnd(this.#replayed)
  }

  /** The run that was replayed may have to be looked for. */
  async #linkAndEnd({ ref, fence }: OncewardEvent<'replayed'>): Promise<void> {
    const context = await this.#links.find({ ref, attempt: fence.attempt })
    if (context !== undefined)
      this.#span.addLink?.({ context, attributes: { 'onceward.link': 'replayed_run', 'onceward.ref': ref } })
    this.#span.end()
  }

  #fail(code: string): void {
    this.#span.setAttribute('error.type', code)
    this.#span.setStatus({ code: statusError, message: code })
  }
}

/** An attempt whose steps have spans. */
class TracedAttempt implements Attempt {
  readonly #attempt: Attempt
  readonly #spans: Spans
  readonly #about: { scope: string; operation: string }

  constructor(attempt: Attempt, spans: Spans, about: { scope: string; operation: string }) {
    this.#attempt = attempt
    this.#spans = spans
    this.#about = about
  }

  get effectKey(): string {
    return this.#attempt.effectKey
  }

  get number(): number {
    return this.#attempt.number
  }

  get fence(): Attempt['fence'] {
    return this.#attempt.fence
  }

  get signal(): AbortSignal {
    return this.#attempt.signal
  }

  step<T>(name: string, options: StepOptions | StepEffect<T>, effect?: StepEffect<T>): Promise<T> {
    const given = typeof options === 'function' ? options : effect
    // What is no effect is for the ledger to refuse.
    if (typeof given !== 'function')
      return this.#attempt.step(name, options as StepOptions, given as unknown as StepEffect<T>)
    const { scope, operation } = this.#about
    const span = this.#spans.start(`onceward ${operation} step`, scope, operation)
    span.setAttribute('onceward.step', name)
    let ran = false
    const traced = (step: StepAttempt): Promise<T> | T => {
      ran = true
      return this.#spans.inside(span, () => given(step))
    }
    const result = this.#attempt.step(name, typeof options === 'function' ? {} : options, traced)
    result.then(
      () => endStep(span, { 'onceward.replayed': !ran }),
      (error: unknown) => endStep(span, { 'onceward.replayed': !ran, 'error.type': codeOf(error) }),
    )
    return result
  }

  transaction<T, Client>(work: (client: Client) => T | Promise<T>): Promise<T> {
    return this.#attempt.transaction(work)
  }
}

function endStep(span: SpanLike, attributes: Readonly<Record<string, AttributeValue>>): void {
  for (const [name, value] of Object.entries(attributes)) span.setAttribute(name, value)
  if ('error.type' in attributes) span.setStatus({ code: statusError })
  span.end()
}

/** A code, or the kind of an error: what it says may hold what nobody should read. */
function codeOf(error: unknown): string {
  if (isOncewardError(error)) return error.code
  return error instanceof Error ? error.name : 'UNKNOWN'
}
