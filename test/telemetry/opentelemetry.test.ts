import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  AggregationTemporality,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createOnceward, DefiniteFailure, type Onceward, type OncewardOptions } from '../../src/index.ts'
import type { Store } from '../../src/ledger/store.ts'
import { memoryStore } from '../../src/stores/memory/index.ts'
import { createTelemetry } from '../../src/telemetry/index.ts'
import { Links } from '../../src/telemetry/links.ts'

const spans = new InMemorySpanExporter()
const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
const meters = new MeterProvider({ readers: [reader] })

beforeAll(() => {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  api.trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
  )
  api.metrics.setGlobalMeterProvider(meters)
})

afterAll(async () => {
  await meters.shutdown()
  api.context.disable()
  api.trace.disable()
  api.metrics.disable()
})

const closes: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closes.splice(0)) await close()
  spans.reset()
})

function traced(
  options: { store?: Store; links?: Store; operations?: OncewardOptions['operations'] } = {},
): Onceward {
  const { store = memoryStore(), links, operations = {} } = options
  const telemetry = createTelemetry({ opentelemetry: api, ...(links === undefined ? {} : { links }) })
  const once = telemetry.instrument(createOnceward({ store, scope: 'shop', sweep: false, operations }))
  closes.push(() => once.close())
  return once
}

const charge = { operation: 'charge', key: ['order', '1'], input: { cents: 5 }, subject: 'order:1' }

/** Spans end when their links have been found. */
async function ended(count: number): Promise<readonly ReadableSpan[]> {
  await expect.poll(() => spans.getFinishedSpans().length).toBe(count)
  return spans.getFinishedSpans()
}

describe('spans', () => {
  it('stand for a guarded call, and the effect runs inside of one', async () => {
    const once = traced()
    const caller = api.trace.getTracer('test').startSpan('request')
    let inEffect: api.SpanContext | undefined
    const receipt = await api.context.with(api.trace.setSpan(api.context.active(), caller), () =>
      once.execute(charge, async () => {
        await Promise.resolve()
        inEffect = api.trace.getActiveSpan()?.spanContext()
        return 'done'
      }),
    )
    const [span] = await ended(1)
    expect(span).toMatchObject({
      name: 'onceward charge',
      kind: api.SpanKind.INTERNAL,
      parentSpanContext: { spanId: caller.spanContext().spanId },
      status: { code: api.SpanStatusCode.UNSET },
      attributes: {
        'onceward.scope': 'shop',
        'onceward.operation': 'charge',
        'onceward.ref': receipt.ref,
        'onceward.subject': 'order:1',
        'onceward.verdict': 'run',
        'onceward.attempt': 1,
        'onceward.epoch': receipt.fence.epoch,
      },
    })
    expect(inEffect?.spanId).toBe(span?.spanContext().spanId)
    expect(JSON.stringify(span?.attributes)).not.toContain('cents')
  })

  it('of a replay link to the run that is replayed', async () => {
    const once = traced()
    await once.run(charge, () => 'done')
    await once.run(charge, () => 'again')
    const [run, replay] = await ended(2)
    expect(run?.links).toEqual([])
    expect(replay?.attributes['onceward.verdict']).toBe('replay')
    expect(replay?.links.map(({ context }) => context.spanId)).toEqual([run?.spanContext().spanId])
  })

  it('of a replay in another process link to it as well, with the store', async () => {
    const store = memoryStore()
    const first = traced({ store, links: store })
    await first.run(charge, () => 'done')
    const other = traced({ store, links: store })
    await expect.poll(() => store.records.read({ stream: 'telemetry-spans', limit: 10 })).toHaveLength(1)
    await other.run(charge, () => 'again')
    const [run, replay] = await ended(2)
    expect(replay?.links.map(({ context }) => context.traceId)).toEqual([run?.spanContext().traceId])
  })

  it('and have no link where the store does not answer', async () => {
    const store = memoryStore()
    const away = { ...store, records: { ...store.records, read: () => Promise.reject(new Error('out')) } }
    await traced({ store }).run(charge, () => 'done')
    await traced({ store, links: away }).run(charge, () => 'again')
    const [, replay] = await ended(2)
    expect(replay?.links).toEqual([])
  })

  it('stand for steps, inside of their call, and say which were replayed', async () => {
    const store = memoryStore()
    const operations = { order: { steps: true, safety: 'keyed' as const, retry: 'on-failure' as const } }
    const once = traced({ store, operations })
    const intent = { operation: 'order', key: '1' }
    let tries = 0
    const work = () =>
      once.execute(intent, async (attempt) => {
        await attempt.step('pay', () => 'paid')
        return attempt.step('ship', { input: { to: 'a' } }, () => {
          tries += 1
          if (tries === 1) throw new DefiniteFailure('closed')
          return api.trace.getActiveSpan()?.spanContext().spanId
        })
      })
    await work()
    const again = await work()
    const all = await ended(6)
    const calls = all.filter(({ name }) => name === 'onceward order')
    const steps = all.filter(({ name }) => name === 'onceward order step')
    expect(
      steps.map(({ attributes }) => [
        attributes['onceward.step'],
        attributes['onceward.replayed'],
        attributes['error.type'],
      ]),
    ).toEqual([
      ['pay', false, undefined],
      ['ship', false, 'DefiniteFailure'],
      ['pay', true, undefined],
      ['ship', false, undefined],
    ])
    expect(steps[3]?.parentSpanContext?.spanId).toBe(calls[1]?.spanContext().spanId)
    expect(again.value).toBe(steps[3]?.spanContext().spanId)
  })

  it('of nested calls are kept apart', async () => {
    const once = traced()
    await once.run(charge, () => once.run({ operation: 'mail', key: '1' }, () => 'sent'))
    const [inner, outer] = await ended(2)
    expect(inner?.name).toBe('onceward mail')
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId)
    expect(outer?.attributes['onceward.ref']).not.toBe(inner?.attributes['onceward.ref'])
  })

  it.each([
    ['a definite failure', () => new DefiniteFailure('card 4242 declined'), 'EFFECT_FAILED'],
    ['an unknown outcome', () => new Error('socket 4242 hung up'), 'IN_DOUBT'],
  ])('of %s say so by a code, and not by its text', async (_, thrown, code) => {
    const once = traced()
    await once.execute(charge, () => {
      throw thrown()
    })
    const [span] = await ended(1)
    expect(span?.status).toEqual({ code: api.SpanStatusCode.ERROR, message: code })
    expect(span?.attributes['error.type']).toBe(code)
    expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('4242')
  })

  it('leave misuse to the ledger', async () => {
    const once = traced()
    await expect(once.run(charge, undefined as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(once.run(undefined as never, () => 1)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect((await ended(2)).map(({ attributes }) => attributes['error.type'])).toEqual([
      'OPTION_INVALID',
      'OPTION_INVALID',
    ])
  })
})

describe('metrics', () => {
  it('go to the SDK that is registered, the read ones as well', async () => {
    const once = traced()
    await once.run(charge, () => 'done')
    await once.run(charge, () => 'again')
    await reader.forceFlush()
    const all =
      metrics
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
    const byName = Map.groupBy(all, ({ descriptor }) => descriptor.name)
    const points = (name: string) => byName.get(name)?.flatMap(({ dataPoints }) => [...dataPoints])
    expect(points('onceward.claims')).toContainEqual(
      expect.objectContaining({ attributes: { verdict: 'replay' } }),
    )
    expect(points('onceward.claim.duration')).toContainEqual(
      expect.objectContaining({ attributes: { verdict: 'run' } }),
    )
    expect(points('onceward.in_doubt')).toContainEqual(
      expect.objectContaining({ attributes: { scope: 'shop' } }),
    )
  })
})

describe('links', () => {
  it('are bounded in memory', async () => {
    const links = new Links(2)
    const span = (traceId: string) => ({ traceId, spanId: 's', traceFlags: 1 })
    for (const ref of ['a', 'b', 'c']) links.keep({ ref, attempt: 1 }, span(ref))
    expect(await links.find({ ref: 'a', attempt: 1 })).toBeUndefined()
    expect(await links.find({ ref: 'c', attempt: 1 })).toEqual(span('c'))
  })

  it('are those of the attempt, and of no other', async () => {
    const store = memoryStore()
    const links = new Links(100, store)
    for (const attempt of [1, 10, 11])
      links.keep({ ref: 'r', attempt }, { traceId: String(attempt), spanId: 's', traceFlags: 1 })
    await links.settled()
    const others = new Links(100, store)
    expect((await others.find({ ref: 'r', attempt: 1 }))?.traceId).toBe('1')
    expect((await others.find({ ref: 'r', attempt: 11 }))?.traceId).toBe('11')
    expect(await others.find({ ref: 'r', attempt: 2 })).toBeUndefined()
    expect(await others.find({ ref: 'q', attempt: 1 })).toBeUndefined()
  })
})
