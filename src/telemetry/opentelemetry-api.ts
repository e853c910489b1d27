/*
 * What is used of `@opentelemetry/api` 1.x, by its shape: the module itself is passed in, so that this package needs none.
 */

export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): TracerLike
    setSpan(context: unknown, span: unknown): unknown
  }
  readonly context: {
    active(): unknown
    with<T>(context: unknown, work: () => T): T
  }
  readonly metrics: { getMeter(name: string): MeterLike }
}

export interface SpanContextLike {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

export type AttributeValue = string | number | boolean

export interface SpanLike {
  spanContext(): SpanContextLike
  setAttribute(name: string, value: AttributeValue): unknown
  setStatus(status: { code: number; message?: string }): unknown
  addEvent(name: string, attributes?: Record<string, AttributeValue>): unknown
  /** From API 1.9 on. */
  addLink?(link: { context: SpanContextLike; attributes?: Record<string, AttributeValue> }): unknown
  end(): void
}

export interface TracerLike {
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: Record<string, AttributeValue> },
    context?: unknown,
  ): SpanLike
}

type InstrumentOptions = {
  description?: string
  unit?: string
  advice?: { explicitBucketBoundaries?: number[] }
}

export interface MeterLike {
  createCounter(name: string, options?: InstrumentOptions): { add(value: number, labels?: object): void }
  createHistogram(name: string, options?: InstrumentOptions): { record(value: number, labels?: object): void }
  createObservableGauge(name: string, options?: InstrumentOptions): object
  createObservableCounter(name: string, options?: InstrumentOptions): object
  addBatchObservableCallback(
    callback: (result: { observe(instrument: object, value: number, labels?: object): void }) => unknown,
    instruments: object[],
  ): void
}
